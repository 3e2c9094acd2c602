import { LogAck, maxCarriedBytes, maxChunkBytes } from '@orrery/protocol'
import type { SpooledLog } from '../spool/log-file.ts'
import { type Connection, messageOf, parseReply, type Reply } from './connection.ts'
import { Backoff, GoneError, Judge } from './retry.ts'
import { Wake } from './wake.ts'

/**
 * A log begins with the command, which is there at once. It waits so long for the first output, to leave with it: most
 * steps are short, and output would have to wait until the server has made the command durable. ms.
 */
const firstPauseMs = 25
/** Output sends a log before that time, but among many short steps only one log in so long. ms. */
const earlyEveryMs = 50
/** Requests from this size on share one block of memory, one after the other. */
const reusedFrom = 64 * 1024
/** Most logs need no larger one. */
const firstBlock = 1024 * 1024

/** Of all logs of a task: who sees one short step after the other needs no request for each. */
export class Pace {
  /** A whole small log may go with its step's end. */
  mayCarry = true
  #last = Number.NEGATIVE_INFINITY

  /** True once in a while: then the caller's log leaves. */
  mayLeave(): boolean {
    const now = performance.now()
    if (now - this.#last < earlyEveryMs) return false
    this.#last = now
    return true
  }
}

/**
 * Sends one log. Bytes leave as soon as they are on disk; what comes while a request is under way goes with the next
 * one, so the request rate follows the server's speed and memory holds one chunk at most. The server's size is the
 * truth: after every answer, good or 409, the loop goes on from there.
 */
export class LogLoop {
  readonly log: SpooledLog
  /** Nothing was sent, and nothing will be: the whole log goes with the step's end. */
  carried = false
  readonly #connection: Connection
  readonly #path: string
  readonly #wake = new Wake()
  readonly #judge: Judge
  /** Bytes that are durable on the server; undefined until it was asked. */
  #acked: number | undefined
  #stopped = false
  readonly #pace: Pace
  /** Of the last large request, to be used again. */
  #block: Buffer | undefined

  /** `fresh`: the server has nothing of this log yet, so there is no need to ask. */
  constructor(connection: Connection, log: SpooledLog, fresh: boolean, pace: Pace) {
    this.log = log
    this.#pace = pace
    this.#connection = connection
    this.#judge = new Judge(connection.faultPatienceMs)
    this.#path = `/logs/${log.step}/${log.attempt}`
    this.#acked = fresh ? 0 : undefined
    log.onChange = this.#wake.wake
  }

  get complete(): boolean {
    return this.log.ended && this.#acked === this.log.written
  }

  stop(): void {
    this.#stopped = true
    this.#wake.wake()
  }

  /** Forgets what the server said; `run` asks again. */
  distrust(): void {
    this.#acked = undefined
    this.carried = false
  }

  /**
   * Resolves when the log has ended and the server has all of it. Rejects with GoneError, or with an Error when the
   * server refuses the log for good.
   */
  async run(): Promise<void> {
    const backoff = new Backoff()
    if (this.#acked === 0) {
      await this.#firstOutput()
      this.carried = this.#pace.mayCarry && this.log.ended && !this.complete && this.log.written <= maxCarriedBytes
      if (this.carried) return
    }
    while (!this.#stopped && !this.complete) {
      const offset = this.#acked
      if (offset !== undefined && offset >= this.log.written) {
        await this.#wake.wait()
        continue
      }
      if (await this.#sendFrom(offset)) backoff.reset()
      else await backoff.pause()
    }
  }

  async #firstOutput(): Promise<void> {
    if (this.log.written === 0 && !this.log.ended) await this.#wake.wait()
    if (this.log.ended || this.#stopped) return
    const until = performance.now() + firstPauseMs
    while (await this.#wake.within(Math.max(0, until - performance.now()))) {
      if (this.log.ended || this.#stopped || this.#pace.mayLeave()) return
    }
  }

  /** True when the server answered with its size. An empty body at 0 asks for it. */
  async #sendFrom(offset: number | undefined): Promise<boolean> {
    const length = offset === undefined ? 0 : Math.min(maxChunkBytes, this.log.written - offset)
    // Until the server has taken it the memory belongs to the connection: a broken one may still deliver from it.
    const block = length < reusedFrom ? undefined : this.#takeBlock(length)
    const body = length === 0 ? Buffer.alloc(0) : await this.log.read(offset ?? 0, length, block)
    let reply: Reply
    try {
      reply = await this.#connection.send({
        method: 'PUT',
        path: `${this.#path}?offset=${offset ?? 0}`,
        headers: { 'content-type': 'application/octet-stream' },
        body,
      })
    } catch {
      return false
    }
    const verdict = this.#judge.verdict(reply.status)
    if (verdict === 'retry') return false
    if (verdict === 'gone') throw new GoneError(messageOf(reply))
    if (verdict === 'refused')
      throw new Error(`the server refuses the log of step ${this.log.step}: ${messageOf(reply)}`)
    const { size } = LogAck.parse(parseReply(reply))
    if (size > this.log.written)
      throw new Error(`the server holds more of the log of step ${this.log.step} than exists`)
    this.#acked = size
    if (verdict === 'done' && block !== undefined) this.#block = block
    return true
  }

  #takeBlock(length: number): Buffer {
    const block = this.#block
    this.#block = undefined
    if (block !== undefined && block.length >= length) return block
    return Buffer.allocUnsafe(length <= firstBlock ? firstBlock : maxChunkBytes)
  }
}
