import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '@orrery/engine'
import type { Clock } from '../settings.ts'
import { watchClock } from './watch-clock.ts'

const periodMs = 2000

/**
 * Ends tasks whose runner went silent, every two seconds until the signal fires. One round never overlaps the next; a
 * failed round (the database is away) is reported and tried again. When the clock was set to another time, no lease
 * says anything any more: all get a full term, and none ends before that was stored.
 */
export async function expireLeases(
  engine: Engine,
  clock: Clock,
  signal: AbortSignal,
  onError: (error: unknown) => void,
): Promise<void> {
  const jumped = watchClock(clock)
  let distrusted = false
  while (!signal.aborted) {
    await sleep(periodMs, undefined, { signal, ref: false }).catch(() => undefined)
    if (signal.aborted) return
    const now = clock.now()
    distrusted = jumped(now) || distrusted
    try {
      if (distrusted) await engine.giveFullLeases(now)
      else await engine.expireLeases(now)
      distrusted = false
    } catch (error) {
      onError(error)
    }
  }
}
