import { expect, it } from 'vitest'
import { wholeCharacters } from './utf8.ts'

it.each([
  [[], 0],
  [[0x61, 0x62], 2],
  [[0x61, 0xc3], 1],
  [[0x61, 0xc3, 0xa9], 3],
  [[0xe2, 0x82], 0],
  [[0x61, 0xe2, 0x82, 0xac], 4],
  [[0x61, 0xf0, 0x9f, 0x98], 1],
  [[0x61, 0xf0, 0x9f, 0x98, 0x80], 5],
  // Not UTF-8 at all: sent as it is, never held back for ever.
  [[0x80, 0x80, 0x80, 0x80], 4],
])('%j has %i bytes of whole characters', (bytes, expected) => {
  expect(wholeCharacters(Uint8Array.from(bytes))).toBe(expected)
})
