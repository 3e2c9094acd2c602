import { expect, it } from 'vitest'
import { admitChunk } from './admit.ts'

it.each([
  ['the next bytes', 5, { offset: 5, next: 8, text: 'abc' }, { kind: 'text', text: 'abc', next: 8 }],
  ['known bytes', 8, { offset: 5, next: 8, text: 'abc' }, { kind: 'repeated' }],
  ['an overlap', 6, { offset: 5, next: 8, text: 'abc' }, { kind: 'text', text: 'bc', next: 8 }],
  [
    'an overlap in bytes, not letters',
    7,
    { offset: 5, next: 10, text: 'éxyz' },
    { kind: 'text', text: 'xyz', next: 10 },
  ],
  ['a gap', 4, { offset: 5, next: 8, text: 'abc' }, { kind: 'gap' }],
  ['nothing new', 5, { offset: 5, next: 5, text: '' }, { kind: 'repeated' }],
])('admits %s', (_name, have, chunk, expected) => {
  expect(admitChunk(have, chunk)).toEqual(expected)
})
