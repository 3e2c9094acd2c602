import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const specification = join(root, '../../shared/spec/execution.md')
/** Behaviours of caches (186–210), workspaces (211–228), artifacts and test results (229–250). */
const numbers = Array.from({ length: 250 - 186 + 1 }, (_, index) => 186 + index)

/** Numbers in parentheses in the titles of tests, each with the files that have them. */
function namedCases(): Map<number, Set<string>> {
  const found = new Map<number, Set<string>>()
  for (const folder of ['packages', 'e2e']) {
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.test.ts') || name.includes('node_modules')) continue
      const text = readFileSync(join(root, folder, name), 'utf8')
      for (const [, list = ''] of text.matchAll(/\((\d{3}(?:, \d{3})*)\)/g)) {
        for (const number of list.split(', ')) {
          const files = found.get(Number(number)) ?? new Set()
          found.set(Number(number), files.add(name))
        }
      }
    }
  }
  return found
}

test('every numbered behaviour of stored data has a test that names it', () => {
  const cases = namedCases()
  expect(numbers.filter((number) => !cases.has(number))).toEqual([])
})

test.skipIf(!existsSync(specification))('the numbers are those of the specification (skipped: it is not here)', () => {
  const text = readFileSync(specification, 'utf8')
  const sections = text.slice(text.indexOf('### A.8 '), text.indexOf('### A.11 '))
  expect([...sections.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number))).toEqual(numbers)
})
