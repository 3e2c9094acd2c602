import { expect, test } from 'vitest'
import { type Fork, ownScope, readableScopes, withholdsSecrets } from './trust.ts'

const eve: Fork = { repository: 'github/eve/app', secrets: false }

test.each<[string, Fork | null, string, boolean]>([
  ['the project itself', null, '', false],
  ['a fork', eve, 'fork:github/eve/app', true],
  ['a fork that gets the secrets', { ...eve, secrets: true }, '', false],
])('%s', (_, fork, scope, withheld) => {
  expect(ownScope(fork)).toBe(scope)
  expect(withholdsSecrets(fork)).toBe(withheld)
})

test.each<[string, Fork | null, boolean, string[]]>([
  ['a fork reads its own caches', eve, false, ['fork:github/eve/app']],
  ["and the project's where that is allowed", eve, true, ['fork:github/eve/app', '']],
  ['the project reads no caches of forks', null, true, ['']],
  ['nor does a fork that gets the secrets', { ...eve, secrets: true }, true, ['']],
])('A9: %s', (_, fork, allowed, scopes) => {
  expect(readableScopes(fork, allowed)).toEqual(scopes)
})
