import { expect, test } from 'vitest'
import { SourceText } from './source.ts'

const emoji = '😀'

test.each([
  ['plain text', 'ab\ncd', 4, { line: 2, column: 2 }],
  ['behind astral characters a column is a code point', `${emoji}${emoji}x`, 4, { line: 1, column: 3 }],
  ['those of earlier lines do not count', `${emoji}\n${emoji}x`, 5, { line: 2, column: 2 }],
  ['far into a long line', `${emoji.repeat(10_000)}x`, 20_000, { line: 1, column: 10_001 }],
  [
    'far into a long line behind another',
    `${emoji.repeat(9000)}\n${emoji.repeat(5000)}x`,
    28_001,
    { line: 2, column: 5001 },
  ],
  ['beyond the end', 'ab', 9, { line: 1, column: 3 }],
])('%s', (_, text, offset, place) => {
  expect(new SourceText('config.yml', text).pos(offset)).toEqual(place)
})

test('places are told in any order', () => {
  const source = new SourceText('config.yml', `${emoji.repeat(5000)}a`)
  expect([10_000, 2, 10_000, 0].map((offset) => source.pos(offset).column)).toEqual([5001, 2, 5001, 1])
})
