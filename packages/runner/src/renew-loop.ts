import { setTimeout as delay } from 'node:timers/promises'
import { isGone, type TaskClient } from './server-client.ts'

/** Why a task must stop: a person canceled it, or another claim may have it by now. */
export type LeaseLoss = 'canceled' | 'gone'

export interface Lease {
  /** Aborts when the task must stop; `loss()` tells why. */
  readonly signal: AbortSignal
  loss(): LeaseLoss | undefined
  /** Ends the loop: from here on the agent renews. */
  stop(): void
}

/** Longest time that one renewal is held open by the server, seconds; it answers at once on a cancel. */
const holdS = 5
/** Shortest time between two renewals, ms, whatever the server answers. */
const pauseMs = 500

/**
 * Renews the lease in the agent's place, while there is no agent: during provisioning and draining. A lease that could
 * not be renewed in time counts as lost: the server may have handed the task out again. `isFresh`: the task was claimed
 * at this moment, and its first steps have the server to themselves.
 */
export function keepLease(client: TaskClient, leaseS: number, stopped: AbortSignal, isFresh = false): Lease {
  const lost = new AbortController()
  const own = new AbortController()
  const signal = AbortSignal.any([own.signal, stopped, lost.signal])
  let loss: LeaseLoss | undefined
  const lose = (why: LeaseLoss): void => {
    if (loss !== undefined || signal.aborted) return
    loss = why
    lost.abort()
  }
  let expiry = setTimeout(lose, leaseS * 1000, 'gone')
  signal.addEventListener('abort', () => clearTimeout(expiry), { once: true })

  const loop = async (): Promise<void> => {
    if (isFresh) await delay(pauseMs, undefined, { signal }).catch(() => undefined)
    while (!signal.aborted) {
      try {
        const answer = await client.renew(Math.min(holdS, leaseS / 3), signal)
        if (answer.command === 'cancel') return lose('canceled')
        clearTimeout(expiry)
        if (!signal.aborted) expiry = setTimeout(lose, answer.leaseS * 1000, 'gone')
      } catch (error) {
        if (isGone(error)) return lose('gone')
      }
      await delay(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }
  void loop()
  return { signal: lost.signal, loss: () => loss, stop: () => own.abort() }
}
