import { expect, it } from 'vitest'
import { forwardsOf } from './forwards.ts'

it.each([
  ['a named service', [{}, { name: 'db' }], [[], [5432]], [{ host: 'db', port: 5432 }]],
  ['no unnamed service', [{}, {}], [[], [5432]], []],
  ['not the primary itself, named or not', [{ name: 'me' }], [[80]], []],
  [
    'no port that an unnamed service listens on',
    [{}, {}, { name: 'other' }],
    [[], [6379], [6379, 80]],
    [{ host: 'other', port: 80 }],
  ],
  ['no port of the primary', [{}, { name: 'web' }], [[80], [80]], []],
  [
    'the first of two that share a port',
    [{}, { name: 'a' }, { name: 'b' }],
    [[], [80], [80]],
    [{ host: 'a', port: 80 }],
  ],
])('forwards %s', (_, images, ports, expected) => {
  expect(forwardsOf(images, ports)).toEqual(expected)
})
