import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compileText, pushToMain } from '../testing/compile.ts'
import { pipelineValueKind, pipelineValueNames } from './catalogue.ts'

const specification = new URL('../../../../../shared/spec/config-language.md', import.meta.url)

/** Names of the table with `{a,b}` spelled out; a short one (`.sha`) with the beginning of its row before it. */
function listed(): { begins: string; ends: string }[] {
  const text = readFileSync(specification, 'utf8')
  const table = text.slice(text.indexOf('### 7.1 Catalogue'), text.indexOf('### 7.2'))
  const rows = table.split('\n').filter((line) => line.startsWith('| `'))
  return rows.flatMap((row) => {
    const written = [...(row.split(' | ')[0] ?? '').matchAll(/`([^`]+)`/g)].flatMap(([, name = '']) => expand(name))
    const first = written[0] ?? ''
    const begins = first.split('.').slice(0, 2).join('.')
    return first.startsWith('pipeline.') ? written.map((ends) => ({ begins, ends })) : []
  })
}

function expand(name: string): string[] {
  const braces = /\{([^}]+)\}/.exec(name)
  if (!braces) return [name]
  return (braces[1] ?? '').split(',').flatMap((one) => expand(name.replace(braces[0], one)))
}

test.skipIf(!existsSync(specification))('every pipeline value of the specification is known', () => {
  const names = listed().filter(({ ends }) => !ends.endsWith('.NAME'))
  const isKnown = ({ begins, ends }: { begins: string; ends: string }) =>
    ends.startsWith('.')
      ? pipelineValueNames.some((name) => name.startsWith(begins) && name.endsWith(ends))
      : pipelineValueKind(ends) !== undefined

  expect(names.length).toBeGreaterThan(90)
  expect(names.filter((name) => !isKnown(name))).toEqual([])
})

test.runIf(!existsSync(specification))('pipeline values: skipped, no specification lies beside this checkout', () => {})

test.each(pipelineValueNames)('%s: without a value it is null or has none, by its kind', async (name) => {
  const config = `version: 2.1\njobs: {build: {docker: [{image: x}], steps: [{run: "a << ${name} >>b"}]}}\nworkflows: {w: {when: not ${name}, jobs: [build]}}`
  const values = { ...pushToMain, [name]: undefined } as unknown as typeof pushToMain
  delete values[name]
  const { diagnostics } = await compileText(config, { values })

  const undefinedHere = pipelineValueKind(name) === 'conditional'
  expect(diagnostics.map(({ code }) => code)).toEqual(undefinedHere ? ['C324'] : [])
})
