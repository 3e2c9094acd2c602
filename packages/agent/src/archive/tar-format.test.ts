import { expect, test } from 'vitest'
import { blockSize, decodeHeader, decodePax, encodeHeader, type TarEntry } from './tar-format.ts'

const plain: TarEntry = { type: 'file', name: 'a', link: '', mode: 0o644, uid: 0, gid: 0, size: 0, mtime: 0 }

test.each<[string, Partial<TarEntry>]>([
  ['nothing special', {}],
  ['a size beyond eight gigabytes', { size: 9 * 2 ** 30 }],
  ['the largest size of octal', { size: 8 ** 11 - 1 }],
  ['ids beyond seven octal digits', { uid: 4_294_967_294, gid: 3_000_000 }],
  ['a time before 1970', { mtime: -86_400.25 }],
  ['a time with a fraction', { mtime: 1_700_000_000.123456 }],
  ['all mode bits', { mode: 0o7777 }],
  ['a name of just 100 bytes', { name: 'é'.repeat(50) }],
])('%s survives one header', (_, change) => {
  const header = encodeHeader({ ...plain, ...change })

  expect(header).toHaveLength(blockSize)
  const decoded = decodeHeader(header)
  expect(decoded).toEqual({
    kind: 'entry',
    entry: { ...plain, ...change, mtime: expect.closeTo(change.mtime ?? 0, 6) },
  })
})

test.each([101, 991, 999, 4000])('a name of %i bytes goes into a pax header', (length) => {
  const name = 'n'.repeat(length)
  const header = encodeHeader({ ...plain, type: 'symlink', name, link: name })

  const first = decodeHeader(header.subarray(0, blockSize))
  const size = first.kind === 'pax' ? first.size : 0
  expect(decodePax(header.subarray(blockSize, blockSize + size))).toEqual({ name, link: name })
})
