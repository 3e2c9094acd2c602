import { setTimeout as delay } from 'node:timers/promises'

/** The server gave the task up, or the task has ended: nothing more may be sent, all children must stop. */
export class GoneError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'GoneError'
  }
}

/**
 * What an HTTP status means for the sender; the only place that decides it. `conflict` carries the position to go on
 * from. `refused` is final: the same request will be refused again.
 */
export type Verdict = 'done' | 'conflict' | 'gone' | 'retry' | 'refused'

export function verdictOf(status: number): Verdict {
  if (status >= 200 && status < 300) return 'done'
  if (status === 409) return 'conflict'
  if (status === 410) return 'gone'
  // 401 while a runner restarts: its gateway may answer before it has the task's fresh token.
  if (status === 401 || status === 408 || status === 425 || status === 429 || status >= 500) return 'retry'
  return 'refused'
}

/** Default of `Judge`, ms: longer than any lease, so that a server which is merely unwell never comes so far. */
export const defaultFaultPatienceMs = 10 * 60_000
const faultStatus = 500

/**
 * Judges the answers to one request after the other. A server that is away, full or without its database says so, or
 * says nothing, and is waited for without end. 500 is different: something broke over this very request, and a request
 * that met nothing else for `faultPatienceMs` will meet nothing else for ever. Then it counts as refused.
 */
export class Judge {
  readonly #faultPatienceMs: number
  /** When the request met its first 500 since the last other answer. */
  #faultySince: number | undefined

  constructor(faultPatienceMs: number) {
    this.#faultPatienceMs = faultPatienceMs
  }

  verdict(status: number): Verdict {
    if (status !== faultStatus) {
      this.#faultySince = undefined
      return verdictOf(status)
    }
    this.#faultySince ??= performance.now()
    return performance.now() - this.#faultySince < this.#faultPatienceMs ? 'retry' : 'refused'
  }
}

const firstPauseMs = 50
const longestPauseMs = 5_000

/** Growing pauses with jitter, so that a thousand agents do not return in one wave when a server comes back. */
export class Backoff {
  #next = firstPauseMs

  reset(): void {
    this.#next = firstPauseMs
  }

  /** Rejects with the reason of `signal` when it fires. */
  async pause(signal?: AbortSignal): Promise<void> {
    const pause = this.#next * (0.5 + Math.random() / 2)
    this.#next = Math.min(longestPauseMs, this.#next * 2)
    await delay(pause, undefined, { signal })
  }
}
