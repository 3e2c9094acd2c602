import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seeds } from '../fuzz/seeds.ts'
import { emitYaml } from './emit/yaml.ts'
import { Collector } from './report/collector.ts'
import { compileText } from './testing/compile.ts'
import { essence, withoutComments } from './testing/essence.ts'
import { toData } from './yaml/nodes.ts'
import { parseYaml } from './yaml/parse.ts'
import { SourceText } from './yaml/source.ts'

const [seed = ''] = seeds

const words = [...new Set(seed.split(/[\s{}[\],]+/))]
const pieces = [
  ...words,
  '<<',
  '>>',
  '<<: *build',
  '&a ',
  '*a',
  '{',
  '}',
  '[',
  ']',
  ': ',
  '- ',
  '\n',
  '  ',
  '"',
  "'",
  '|',
  '!x ',
  'null',
  '0',
  '\t',
  '/(',
  '😀',
]

interface Edit {
  at: number
  remove: number
  insert: string
}

const edits: fc.Arbitrary<Edit[]> = fc.array(
  fc.record({
    at: fc.nat(seed.length),
    remove: fc.oneof(fc.constant(0), fc.nat(40)),
    insert: fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 6 })),
  }),
  { minLength: 1, maxLength: 4 },
)

function apply(list: Edit[]): string {
  return list.reduce((text, { at, remove, insert }) => text.slice(0, at) + insert + text.slice(at + remove), seed)
}

test('the unchanged config compiles', async () => {
  expect((await compileText(seed)).diagnostics).toEqual([])
})

test('compile answers any mutation of a config with a plan or with errors at places of the file', async () => {
  await fc.assert(
    fc.asyncProperty(edits, async (list) => {
      const text = apply(list)
      const { ok, plan, diagnostics } = await compileText(text)
      const errors = diagnostics.filter((one) => one.severity === 'error')

      expect(ok).toBe(errors.length === 0)
      expect(plan !== undefined).toBe(ok)
      const lines = text.split('\n').length
      for (const { range } of diagnostics) {
        expect(range.start.line).toBeGreaterThanOrEqual(1)
        expect(range.end.line).toBeLessThanOrEqual(lines)
      }
    }),
    { numRuns: 150 },
  )
})

test('the compiled form of any mutation that compiles gives the same plan', async () => {
  await fc.assert(
    fc.asyncProperty(edits, async (list) => {
      const first = await compileText(apply(list))
      fc.pre(first.compiled !== undefined && first.plan?.workflows.length !== 0)
      const second = await compileText(first.compiled ?? '')

      expect(second.diagnostics.filter((one) => one.severity === 'error')).toEqual([])
      expect(essence(second.plan)).toEqual(essence(first.plan))
      expect(withoutComments(second.compiled)).toBe(withoutComments(first.compiled))
    }),
    { numRuns: 30 },
  )
})

test('every text survives being written and read', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), (data) => {
      const texts = new Map(Object.entries({ ...data, same: 'x' }))
      const report = new Collector()
      const root = parseYaml(new SourceText('f', emitYaml(new Map([['k', texts]]))), report)

      expect(report.sorted()).toEqual([])
      expect(root && toData(root)).toEqual({ k: Object.fromEntries(texts) })
    }),
    { numRuns: 300 },
  )
})

test('text of lines survives being written and read', () => {
  const lines = fc.array(
    fc.constantFrom('a', ' b', '', '  ', '\t', '# c', '- d', 'e: f', "g'", '...', '---', '|', 'é'),
    { maxLength: 6 },
  )
  fc.assert(
    fc.property(lines, fc.nat(2), (list, trailing) => {
      const text = list.join('\n') + '\n'.repeat(trailing)
      const root = parseYaml(new SourceText('f', emitYaml(new Map([['k', [text]]]))), new Collector())

      expect(root && toData(root)).toEqual({ k: [text] })
    }),
    { numRuns: 300 },
  )
})
