import { expect, test } from 'vitest'
import { type ImpactSource, impactScope, isDefaultBranch, readableImpactScopes } from './impact-scope.ts'

const main: ImpactSource = { fork: null, branch: 'main', tag: null, defaultBranch: 'main' }
const eve: ImpactSource = { ...main, fork: { repository: 'eve/app', secrets: false } }

test.each<[string, ImpactSource, boolean, string, string[], string[]]>([
  ['the default branch', main, true, '', [''], ['']],
  ['another branch', { ...main, branch: 'x' }, false, 'branch:x', ['branch:x', ''], ['branch:x', '']],
  ['a tag', { ...main, branch: null, tag: 'v1' }, false, 'tag:v1', ['tag:v1', ''], ['tag:v1', '']],
  ["a fork's default branch", eve, false, 'fork:eve/app', ['fork:eve/app'], ['fork:eve/app', '']],
  [
    'a fork that gets the secrets',
    { ...eve, fork: { repository: 'eve/app', secrets: true } },
    false,
    'fork:eve/app',
    ['fork:eve/app', ''],
    ['fork:eve/app', ''],
  ],
  [
    'a branch that is called as a fork',
    { ...main, branch: 'fork:eve/app' },
    false,
    'branch:fork:eve/app',
    ['branch:fork:eve/app', ''],
    ['branch:fork:eve/app', ''],
  ],
])('impact data of %s', (_, source, isDefault, scope, readable, readableWhereForksMay) => {
  expect(isDefaultBranch(source)).toBe(isDefault)
  expect(impactScope(source)).toBe(scope)
  expect(readableImpactScopes(source, false)).toEqual(readable)
  expect(readableImpactScopes(source, true)).toEqual(readableWhereForksMay)
})
