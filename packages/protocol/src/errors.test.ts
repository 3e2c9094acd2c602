import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { type ErrorCode, errorCatalogue, OrreryError } from './errors.ts'

const manual = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
const sections = new Map(
  manual
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section]),
)

it('has an entry in the manual for each code, and no other', () => {
  expect([...sections.keys()].sort()).toEqual(Object.keys(errorCatalogue).sort())
})

it.each(Object.keys(errorCatalogue) as ErrorCode[])('says the same in the manual: %s', (code) => {
  const { message, status, help } = errorCatalogue[code]

  expect(sections.get(code)).toContain(`- Says: ${message}\n- HTTP status: ${status}\n- What to do: ${help}\n`)
})

it('fills values into the sentence and carries status and help', () => {
  const error = new OrreryError('ORY_TOO_LARGE', ['the log', 5])

  expect(error).toMatchObject({ code: 'ORY_TOO_LARGE', status: 413, message: 'the log is larger than 5' })
})
