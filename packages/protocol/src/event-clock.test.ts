import { afterEach, expect, test, vi } from 'vitest'
import { eventClock } from './event-clock.ts'

afterEach(() => void vi.useRealTimers())

test.each([
  ['forward', 3_600_000],
  ['back', -3_600_000],
])('a clock that is set %s moves no event', (_, jump) => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: 1_700_000_000_000 })
  const now = eventClock()
  vi.advanceTimersByTime(5000)
  const first = Date.parse(now())
  vi.advanceTimersByTime(250)

  vi.setSystemTime(Date.now() + jump)

  expect(first).toBe(1_700_000_005_000)
  expect(Date.parse(now()) - first).toBe(250)
})
