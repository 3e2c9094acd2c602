import fc from 'fast-check'
import { expect, it, test } from 'vitest'
import { type Masker, maskerFor } from './masker.ts'
import { needlesOf } from './needles.ts'

function maskAll(masker: Masker, chunks: readonly Buffer[]): string {
  const parts = chunks.map((chunk) => masker.push(chunk))
  return Buffer.concat([...parts, masker.flush()]).toString('latin1')
}

function mask(values: string[], text: string): string {
  return maskAll(maskerFor(values)(), [Buffer.from(text)])
}

/** The rule, as slowly as it can be written: every byte of every occurrence, overlapping runs become one mask. */
function reference(values: string[], text: string): string {
  const needles = needlesOf(values).map((needle) => needle.toString('latin1'))
  let out = ''
  let coveredTo = 0
  for (let at = 0; at < text.length; at++) {
    const longest = needles.find((needle) => text.startsWith(needle, at))
    if (longest !== undefined) {
      if (at >= coveredTo) out += '****'
      coveredTo = Math.max(coveredTo, at + longest.length)
    }
    if (at >= coveredTo) out += text[at]
  }
  return out
}

test.each<[string, string[], string, string]>([
  ['a secret', ['supersecret'], 'it is supersecret.', 'it is ****.'],
  ['three characters are too few', ['abc'], 'abc', 'abc'],
  ['four are enough', ['1234'], '01234', '0****'],
  ['four characters of two bytes', ['äöüß'], 'x', 'x'],
  ['true and false stay', ['true', 'False'], 'true False', 'true False'],
  ['the longest counts', ['secret', 'secretive'], 'secretive secret', '**** ****'],
  ['a secret inside another', ['abcdefgh', 'cdef'], 'abcdefgh cdef', '**** ****'],
  ['overlapping ones become one', ['abcdef', 'defghi'], 'abcdefghi', '****'],
  ['adjacent ones stay two', ['abcd', 'efgh'], 'abcdefgh', '********'],
  ['a beginning that goes on otherwise', ['abcdef'], 'abcdeX', 'abcdeX'],
  ['a beginning at the end', ['abcdef'], 'xabcde', 'xabcde'],
  ['lines of a key', ['-----KEY\nline1\n12\n'], '12 line1', '12 ****'],
  ['a whole key behind a terminal', ['aaaa\nbb\ncccc'], 'aaaa\r\nbb\r\ncccc', '****'],
  ['the trimmed form', ['  padded  '], '[padded]', '[****]'],
  ['base64 is another text', ['supersecret'], 'c3VwZXJzZWNyZXQ=', 'c3VwZXJzZWNyZXQ='],
  ['blank values are nothing', ['     ', ''], 'a      b', 'a      b'],
  ['repeated letters', ['aaaa'], 'aaaaaaa', '****'],
])('%s', (_, values, text, masked) => {
  expect(mask(values, text)).toBe(Buffer.from(masked).toString('latin1'))
})

it('counts characters, not bytes', () => {
  expect(mask(['äöü'], 'äöü')).toBe(Buffer.from('äöü').toString('latin1'))
  expect(mask(['äöüß'], 'äöüß')).toBe('****')
})

it('finds the same secrets wherever the chunks are cut, and those that the rule names', () => {
  const alphabet = fc.constantFrom('a', 'b', 'c', '\n')
  const value = fc.string({ unit: alphabet, minLength: 1, maxLength: 12 })
  const text = fc.string({ unit: alphabet, maxLength: 80 })
  const cuts = fc.array(fc.nat(80), { maxLength: 12 })
  fc.assert(
    fc.property(fc.array(value, { maxLength: 5 }), text, cuts, (values, output, places) => {
      const bytes = Buffer.from(output, 'latin1')
      const edges = [0, ...places.map((place) => Math.min(place, bytes.length)).sort((a, b) => a - b), bytes.length]
      const chunks = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge))
      expect(maskAll(maskerFor(values)(), chunks)).toBe(reference(values, output))
    }),
    { numRuns: 3000 },
  )
})

it('holds back only what may be the beginning of a secret', () => {
  const masker = maskerFor(['supersecret'])()

  const first = masker.push(Buffer.from('hello sup'))
  const second = masker.push(Buffer.from('per'))

  expect(first.toString()).toBe('hello ')
  expect(second.toString()).toBe('supper')
  expect(masker.held).toBe(false)
})

it('passes bytes on unchanged and uncopied when there is nothing to mask', () => {
  const bytes = Buffer.from([0, 255, 10, 13, 128])

  expect(maskerFor(['abc'])().push(bytes)).toBe(bytes)
})

it('handles chunks whose memory is used again', () => {
  const masker = maskerFor(['supersecret'])()
  const shared = Buffer.from('super')

  const first = masker.push(shared)
  shared.write('XXXXX')
  const second = masker.push(Buffer.from('secret'))

  expect(Buffer.concat([first, second]).toString()).toBe('****')
})
