import { setTimeout as delay } from 'node:timers/promises'
import { RenewAnswer } from '@orrery/protocol'
import { type Connection, messageOf, parseReply, type Reply } from './connection.ts'
import { Backoff, GoneError, verdictOf } from './retry.ts'

export interface RenewListener {
  /** A person canceled the task. May come more than once. */
  canceled(): void
  /** Not renewed within the lease: the server may hand the task out again. */
  lost(leaseS: number): void
}

/** Longest time one renewal is held open by the server. It answers a cancel at once, so this is no delay. */
const longestHoldS = 20
/** Before the first answer tells the lease. The runner renewed until the agent's first call, so this is never too long. */
const firstLeaseS = 45
const firstHoldS = 0
/** The first renewal leaves so long after the start: what the first step has to send goes first. ms. */
const firstPauseMs = 200
/** Shortest time between two renewals, whatever the server answers. */
const shortestRoundMs = 250

/**
 * Keeps the task's lease. The lease counts from the moment a successful renewal was *asked* for: the server counts
 * from later, so the agent always gives up first.
 */
export class RenewLoop {
  readonly #connection: Connection
  readonly #listener: RenewListener
  readonly #stop = new AbortController()
  #expiry: NodeJS.Timeout | undefined

  constructor(connection: Connection, listener: RenewListener) {
    this.#connection = connection
    this.#listener = listener
  }

  stop(): void {
    this.#stop.abort()
    clearTimeout(this.#expiry)
  }

  /** Runs until `stop`. Rejects with GoneError, or an Error when the server refuses for good. */
  async run(): Promise<void> {
    const { signal } = this.#stop
    const backoff = new Backoff()
    let holdS = firstHoldS
    this.#expireIn(firstLeaseS, performance.now())
    await delay(firstPauseMs, undefined, { signal }).catch(() => undefined)
    while (!signal.aborted) {
      const asked = performance.now()
      const answer = await this.#renew(holdS, signal)
      if (signal.aborted) return
      if (answer === undefined) {
        await backoff.pause(signal).catch(() => undefined)
        continue
      }
      backoff.reset()
      holdS = Math.min(longestHoldS, answer.leaseS / 3)
      this.#expireIn(answer.leaseS, asked)
      if (answer.command === 'cancel') this.#listener.canceled()
      await atLeast(shortestRoundMs, asked, signal)
    }
  }

  #expireIn(leaseS: number, asked: number): void {
    clearTimeout(this.#expiry)
    const left = leaseS * 1000 - (performance.now() - asked)
    this.#expiry = setTimeout(() => this.#listener.lost(leaseS), Math.max(0, left))
  }

  async #renew(waitS: number, signal: AbortSignal): Promise<RenewAnswer | undefined> {
    let reply: Reply
    try {
      reply = await this.#connection.send({
        method: 'POST',
        path: '/renew',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ waitS }),
        idleMs: (waitS + 10) * 1000,
        signal,
      })
    } catch {
      return undefined
    }
    const verdict = verdictOf(reply.status)
    if (verdict === 'retry') return undefined
    if (verdict === 'gone') throw new GoneError(messageOf(reply))
    if (verdict !== 'done') throw new Error(`the server refuses to renew: ${messageOf(reply)}`)
    return RenewAnswer.parse(parseReply(reply))
  }
}

async function atLeast(ms: number, since: number, signal: AbortSignal): Promise<void> {
  const left = ms - (performance.now() - since)
  if (left > 0) await delay(left, undefined, { signal }).catch(() => undefined)
}
