import { expect, it } from 'vitest'
import { formatBytes, lineHash, parseLineHash, pipelineParams } from './links.ts'

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1234, '1.2 kB'],
  [52_000, '52 kB'],
  [350_000_000, '350 MB'],
  [5e15, '5000 TB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

it.each([
  ['L7', { first: 7, last: 7 }],
  ['#L7', { first: 7, last: 7 }],
  ['L20-L12', { first: 12, last: 20 }],
  ['', null],
  ['L', null],
  ['L1-', null],
  ['L99999999999', null],
])('the hash %j names %o', (hash, lines) => {
  expect(parseLineHash(hash)).toEqual(lines)
})

it('writes the hashes it reads', () => {
  expect([lineHash(4, 4), lineHash(9, 4)]).toEqual(['L4', 'L4-L9'])
})

it('takes a slug apart', () => {
  expect(pipelineParams({ projectSlug: 'local/acme/shop', number: 7 })).toEqual({
    vcs: 'local',
    org: 'acme',
    project: 'shop',
    number: '7',
  })
})
