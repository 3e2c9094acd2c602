import { expect, it } from 'vitest'
import { isSlug } from './slug.ts'

it.each([
  ['local/acme/app', true],
  ['gh/Acme-1/a.b_c', true],
  ['local/a/b', true],
  ['local/acme', false],
  ['local/acme/app/more', false],
  ['local/../app', false],
  ['local/acme/..', false],
  ['local/acme/.hidden', false],
  ['local/acme/-option', false],
  ['local/acme/app.git', false],
  ['local/app.git/hooks', false],
  ['local/acme/app.lock', false],
  ['local/acme/app.', false],
  ['/local/acme/app', false],
  ['local//app', false],
  ['local/acme/app\n', false],
  ['local/acme/a\0b', false],
  ['local/acme/%2e%2e', false],
  ['', false],
])('%j is a slug: %s', (text, expected) => {
  expect(isSlug(text)).toBe(expected)
})
