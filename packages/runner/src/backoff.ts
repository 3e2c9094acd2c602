import { setTimeout as delay } from 'node:timers/promises'

export interface Backoff {
  /** Waits longer after every call since the last `reset`. Rejects when the signal aborts. */
  pause(signal: AbortSignal): Promise<void>
  reset(): void
}

/** From `firstMs` doubling to `mostMs`, each with jitter: many runners must not come back to a server in step. */
export function createBackoff(firstMs = 200, mostMs = 10_000, random: () => number = Math.random): Backoff {
  let next = firstMs
  return {
    async pause(signal) {
      const ms = next * (0.5 + random() / 2)
      next = Math.min(next * 2, mostMs)
      await delay(ms, undefined, { signal })
    },
    reset() {
      next = firstMs
    },
  }
}
