import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../../../..')
const spec = join(root, '../shared/spec/execution.md')

/** Where the behaviours of test splitting, reruns and suites have their cases. */
const files = [
  ...['glob', 'split', 'run', 'commands', 'suites'].map((name) => `packages/agent/src/helper/cases/${name}.test.ts`),
  'packages/agent/src/earlier-results/earlier-results.test.ts',
  'packages/engine/test/earlier-tests.test.ts',
  'packages/engine/test/test-queue.test.ts',
  'packages/server/test/earlier-results.test.ts',
  'e2e/test-splitting.test.ts',
]

/** Numbers that nothing proves yet, with what happens instead. */
const notYet: Record<string, string> = {
  279: 'impact data is not gathered: all tests run, and a warning says so',
  280: 'as 279: new, dependent and failed tests are among all',
  281: 'as 279',
  282: 'as 279',
}

/** Helper behaviours that stand in other parts of the list. */
const elsewhere = ['76', '86', '87', '324']

/** As titles and comments of tests give them: `251: …`, `… (251, 252)`. */
function numbersIn(text: string): string[] {
  const groups = text.matchAll(/(?:['("]|\/\/ )(\d{2,3}(?:, \d{2,3})*)(?=[:,)'])/g)
  return [...groups].flatMap(([, list = '']) => list.split(', '))
}

it.skipIf(!existsSync(spec))('every behaviour of the list has its case (skipped: the list is not here)', () => {
  const text = readFileSync(spec, 'utf8')
  const start = text.indexOf('### A.11')
  const section = text.slice(start, text.indexOf('### A.12', start))
  const numbers = [...[...section.matchAll(/^(\d+)\. /gm)].map(([, number = '']) => number), ...elsewhere]
  const proven = new Set(files.flatMap((file) => numbersIn(readFileSync(join(root, file), 'utf8'))))

  expect(numbers.length).toBeGreaterThan(30)
  expect(numbers.filter((number) => !proven.has(number)).toSorted()).toEqual(Object.keys(notYet))
})
