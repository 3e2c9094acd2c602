import { expect, it } from 'vitest'
import { asksToSkip } from './skip-ci.ts'

it.each([
  ['Fix it [skip ci]', '', true],
  ['[ci skip] Fix it', '', true],
  ['Fix it', 'No need.\n\n[skip ci]', true],
  ['Fix it', `${'x'.repeat(241)}[skip ci]`, true],
  ['Fix it', `${'x'.repeat(242)}[skip ci]`, false],
  ['Fix it', `${'é'.repeat(200)}[ci skip]`, true],
  ['Fix skip ci', 'ci skip', false],
  ['[skip] [ci]', '', false],
])('%j / %j', (subject, body, expected) => {
  expect(asksToSkip({ subject, body })).toBe(expected)
})
