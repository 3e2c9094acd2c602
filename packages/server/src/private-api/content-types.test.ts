import { expect, it } from 'vitest'
import { safeContentType } from './content-types.ts'

it.each([
  ['text/html', 'text/plain; charset=utf-8'],
  ['TEXT/HTML; charset=utf-8', 'text/plain; charset=utf-8'],
  ['application/xhtml+xml', 'text/plain; charset=utf-8'],
  ['image/svg+xml', 'text/plain; charset=utf-8'],
  ['text/xml', 'text/plain; charset=utf-8'],
  ['application/javascript', 'text/plain; charset=utf-8'],
  ['text/plain', 'text/plain; charset=utf-8'],
  ['text/csv', 'text/csv; charset=utf-8'],
  ['image/png', 'image/png'],
  ['application/pdf', 'application/pdf'],
  ['application/json', 'application/json'],
  ['application/x-tar', 'application/octet-stream'],
  ['text/html\r\nx: y', 'text/plain; charset=utf-8'],
  ['', 'application/octet-stream'],
])('%j is answered as %s', (claimed, expected) => {
  expect(safeContentType(claimed)).toBe(expected)
})
