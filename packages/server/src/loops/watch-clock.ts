import type { Clock } from '../settings.ts'

/** A clock that is merely corrected drifts by less between two looks, ms. */
const toleranceMs = 1000

/**
 * Tells whether the clock was set to another time since the last look, forward or back, by comparing it with the time
 * that really passed. A machine that slept counts too: for a sleeper, no time passed.
 */
export function watchClock(clock: Clock): (now: Date) => boolean {
  let last = { wall: clock.now().getTime(), real: performance.now() }
  return (now) => {
    const next = { wall: now.getTime(), real: performance.now() }
    const jump = next.wall - last.wall - (next.real - last.real)
    last = next
    return Math.abs(jump) > toleranceMs
  }
}
