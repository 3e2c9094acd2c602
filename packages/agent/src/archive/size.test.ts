import { expect, test } from 'vitest'
import { formatSize } from './index.ts'

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [47_185_920, '45 MiB'],
  [3 * 2 ** 30, '3.0 GiB'],
  [2 ** 52, '4096 TiB'],
])('%i bytes are %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text)
})
