import { expect, it } from 'vitest'
import { elapsed, formatDuration, relativeTime } from './time.ts'

it.each([
  [-5000, '0s'],
  [Number.NaN, '0s'],
  [0, '0s'],
  [1, '<1s'],
  [999, '<1s'],
  [1000, '1s'],
  [59_999, '59s'],
  [60_000, '1m 00s'],
  [187_000, '3m 07s'],
  [3_600_000, '1h 00m'],
  [3_859_000, '1h 04m'],
  [86_400_000, '1d 00h'],
  [183_600_000, '2d 03h'],
])('formats %d ms as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})

const now = Date.parse('2026-03-10T12:00:00Z')

it.each([
  ['2026-03-10T12:00:30Z', 'just now'],
  ['2026-03-10T11:59:56Z', 'just now'],
  ['2026-03-10T11:59:18Z', '42s ago'],
  ['2026-03-10T11:01:00Z', '59m ago'],
  ['2026-03-10T11:00:00Z', '1h ago'],
  ['2026-03-09T12:00:01Z', '23h ago'],
  ['2026-03-04T12:00:00Z', '6d ago'],
  ['2026-03-03T12:00:00Z', '3 Mar'],
  ['2025-12-31T12:00:00Z', '31 Dec 2025'],
  ['yesterday', 'yesterday'],
])('says %s as %s', (iso, text) => {
  expect(relativeTime(iso, now)).toBe(text)
})

it('counts to the end, or to now while running, and not at all before the start', () => {
  expect(elapsed('2026-03-10T11:58:00Z', null, now)).toBe('2m 00s')
  expect(elapsed('2026-03-10T11:58:00Z', '2026-03-10T11:58:09Z', now)).toBe('9s')
  expect(elapsed(null, null, now)).toBeNull()
})
