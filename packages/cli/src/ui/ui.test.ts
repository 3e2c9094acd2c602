import { expect, it } from 'vitest'
import { formatDuration, painter, wantsColour } from './format.ts'
import { LineSplitter } from './line-splitter.ts'

it.each([
  [0, '0.0s'],
  [420, '0.4s'],
  [12_400, '12s'],
  [59_700, '1m00s'],
  [184_000, '3m04s'],
  [3_725_000, '1h02m'],
])('writes %i ms as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})

it('cuts lines across chunks and keeps what was drawn last', () => {
  const splitter = new LineSplitter()

  expect(splitter.push('one\ntw')).toEqual(['one'])
  expect(splitter.push('o\r\n10%\r50%\r100%\nend')).toEqual(['two', '100%'])
  expect(splitter.end()).toEqual(['end'])
  expect(splitter.end()).toEqual([])
})

it('colours only where colours are wanted', () => {
  expect(painter(false)('red', 'x')).toBe('x')
  expect(painter(true)('red', 'x')).toBe('\u001b[31mx\u001b[0m')
  expect(wantsColour({ isTTY: true }, { NO_COLOR: '1' })).toBe(false)
  expect(wantsColour({}, { FORCE_COLOR: '1' })).toBe(true)
})
