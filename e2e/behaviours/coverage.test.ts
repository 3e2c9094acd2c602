import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { behaviours } from './cases/index.ts'
import { elsewhere, later } from './coverage.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const specification = `${root}../shared/spec/execution.md`
/** Parts of the specification's appendix whose behaviours are steps, their environment, checkout and options, logs and SSH. */
const parts = ['A.1', 'A.2', 'A.3', 'A.6', 'A.7', 'A.13']

const inTable = new Set(Object.values(behaviours).flatMap(({ numbers }) => numbers))

it.skipIf(!existsSync(specification))('every behaviour of the specification has a case, a test or an owner', () => {
  const text = readFileSync(specification, 'utf8')
  const listed = parts.flatMap((part) => {
    const from = text.indexOf(`### ${part} `)
    const section = text.slice(from, text.indexOf('\n### ', from + 1))
    return [...section.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number))
  })

  expect(listed.length).toBeGreaterThan(130)
  const known = new Set([...inTable, ...[elsewhere, later].flatMap((table) => Object.keys(table).map(Number))])
  expect(listed.filter((number) => !known.has(number))).toEqual([])
  expect([...known].filter((number) => !listed.includes(number))).toEqual([])
})

it('what is proven is not also left for later', () => {
  expect(Object.keys(later).filter((number) => inTable.has(Number(number)) || elsewhere[Number(number)])).toEqual([])
})

it.each(Object.entries(elsewhere))('%s is proven by a test that exists', (_, [file, title]) => {
  expect(readFileSync(`${root}${file}`, 'utf8')).toContain(title)
})
