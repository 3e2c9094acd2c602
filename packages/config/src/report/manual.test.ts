import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { CompileResult } from '../compile-types.ts'
import { compileText, type Given } from '../testing/compile.ts'
import { catalogue } from './catalogue.ts'
import { stoppedCompile } from './stopped.ts'

const manual = readFileSync(new URL('../../../../docs/diagnostics.md', import.meta.url), 'utf8')
const entries = manual
  .split(/^### /m)
  .slice(1)
  .map((text) => {
    const [, code = '', title = ''] = /^([CW]\d{3}): (.*)$/m.exec(text) ?? []
    const [, info = '', example] = /^```yaml(.*)\n([\s\S]*?)^```$/m.exec(text) ?? []
    return { code, title, text, info: info.trim(), example }
  })

const body = '{docker: [{image: cimg/base:current}], steps: [checkout]}'
const many = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => make(index))

/** Entries whose examples would fill pages. */
const large: Record<string, () => Promise<CompileResult> | CompileResult> = {
  C332: () => compile('', { args: { x: 'y'.repeat(513) } }),
  C343: () => compile(`workflows: {w: {when: ${'{not: '.repeat(101)}true${'}'.repeat(101)}, jobs: [build]}}`),
  C425: () => compile(`orbs: {${many(51, (index) => `o${index}: "https://example.org/${index}"`).join()}}`),
  C426: () => compile(`orbs: ${'{a: {orbs: '.repeat(21)}{}${'}}'.repeat(21)}`),
  C531: () => compile(`workflows: {w: {jobs: [build: {context: [${many(101, (index) => `c${index}`).join()}]}]}}`),
  C601: () => compile(`jobs: {build: {docker: [{image: x}], steps: [${'checkout, '.repeat(200_000)}]}}`),
  C602: () => compile(`#${'x'.repeat(8 * 1024 * 1024)}`),
  C603: () => compile(`workflows: {w: {jobs: [${'build, '.repeat(5001)}]}}`),
  C604: () => stoppedCompile('time', '10 s', 'config.yml'),
  C605: () => stoppedCompile('memory', '512 MB', 'config.yml'),
}

/** As the manual's introduction says. */
function compile(example: string, given: Given = {}): Promise<CompileResult> {
  const steps = example.startsWith('- ')
  const indented = example.replace(/^/gm, '      ')
  const job = steps ? `jobs:\n  build:\n    docker: [{image: cimg/base:current}]\n    steps:\n${indented}` : example
  const version = /^version:/m.test(job) ? '' : 'version: 2.1\n'
  const beside = /^jobs:/m.test(job) ? '' : `\njobs: {build: ${body}}\n`
  return compileText(`${version}${job}${beside}`, given)
}

/** What an example says of its circumstances behind `yaml`. */
function givenBy(info: string): Given {
  const [word, what = ''] = info.split(' ')
  if (word === 'continuation') return { phase: 'continuation' }
  if (word === 'argument') return { args: { [what]: true } }
  if (word === 'conflict') {
    const setup = 'setup: true\nversion: 2.1\nparameters: {deploy: {type: boolean, default: false}}\n'
    return { phase: 'continuation', args: { [what]: false }, continues: { setup, triggerArgs: { [what]: true } } }
  }
  if (word !== 'refused') return {}
  const code = what === 'C422' ? 'C422' : 'C423'
  return { orbs: { resolve: async () => ({ ok: false, code, reason: 'a rule' }) } }
}

test('the manual has an entry for every code, in order, under its title', () => {
  expect(entries.map(({ code, title }) => [code, title])).toEqual(Object.entries(catalogue))
})

/** Given by packing, by lock files and by the check of an orb, not by a compile: cases/packing, orb-sources, orb-validity. */
const outside = /^(?:C43\d|W94\d)$/

test.each(entries.filter(({ code }) => !outside.test(code)))(
  '$code: the example gives it, and the entry says what to do',
  async (entry) => {
    const { code, text, info, example } = entry
    const result =
      example === undefined
        ? await large[code]?.()
        : info === 'whole'
          ? await compileText(example)
          : await compile(example, givenBy(info))

    expect(result?.diagnostics.map((one) => one.code)).toContain(code)
    expect(text).toMatch(/\*\*What to do:\*\* \S/)
  },
)
