import { type CarriedLog, EventAck, maxCarriedBytes, type TaskEvent } from '@orrery/protocol'
import { type Connection, messageOf, parseReply, type Reply } from './connection.ts'
import { Backoff, GoneError, Judge } from './retry.ts'
import { Wake } from './wake.ts'

export interface EventLoopOptions {
  /** May this event be sent yet? `step.ended` waits until its log is acknowledged, or goes with it. */
  mayLeave(event: TaskEvent): boolean
  /** The log that goes with this event, if one does. */
  carried(event: TaskEvent): Promise<CarriedLog | undefined>
  /** The server has it for good. */
  acknowledged(event: TaskEvent): void
  /** The server's bytes disagree with the receipts in these events: send the logs again. */
  disagreed(events: readonly TaskEvent[]): void
}

/** Server and agent disagree about a log this often before it counts as a fault: each time it was sent anew. */
const maxDisagreements = 5
/**
 * News gather for so long before they leave: steps begin in the moment in which others end, and the first output of a
 * step has the way for itself. ms.
 */
const gatherMs = 25
/** The same, while one short step follows the other: nobody reads as fast, and each request costs server and runner. ms. */
const busyGatherMs = 100
/** A request that ended less than so long ago means that steps are short. ms. */
const busyMs = 40
const maxBatch = 1000
/** Characters of one request beyond which nothing is added; commands can be long. */
const maxBatchLength = 1024 * 1024
/** Status of ORY_RECEIPT. */
const receiptStatus = 422

/** Sends the task's events in the order of their numbers, as many as may leave with one request. */
export class EventLoop {
  readonly #connection: Connection
  readonly #options: EventLoopOptions
  readonly #wake = new Wake()
  readonly #judge: Judge
  #queue: TaskEvent[] = []
  #disagreements = 0
  /** When the last request with events ended. */
  #sentAt = Number.NEGATIVE_INFINITY
  readonly #ended = new Wake()

  constructor(connection: Connection, options: EventLoopOptions) {
    this.#connection = connection
    this.#options = options
    this.#judge = new Judge(connection.faultPatienceMs)
  }

  add(event: TaskEvent): void {
    this.#queue.push(event)
    if (event.type === 'task.ended') this.#ended.wake()
    this.#wake.wake()
  }

  /** Something that `mayLeave` looks at has changed. */
  look(): void {
    this.#wake.wake()
  }

  /** The number of the last event the server has, asked with an empty batch. */
  async ask(): Promise<number> {
    const backoff = new Backoff()
    for (;;) {
      const acked = await this.#post([])
      if (acked !== undefined) return acked
      await backoff.pause()
    }
  }

  /** Resolves when `task.ended` is acknowledged. Rejects with GoneError, or an Error when the server refuses for good. */
  async run(): Promise<void> {
    const backoff = new Backoff()
    for (let ended = false; !ended; ) {
      const batch = this.#leaving()
      if (batch.length === 0) {
        await this.#wake.wait()
        await this.#gather()
        continue
      }
      const acked = await this.#post(batch)
      if (acked === undefined) {
        await backoff.pause()
        continue
      }
      backoff.reset()
      ended = this.#settle(acked)
    }
  }

  /** Nothing follows the task's end, so it waits for nothing. */
  async #gather(): Promise<void> {
    const isBusy = performance.now() - this.#sentAt < busyMs
    await this.#ended.within(isBusy ? busyGatherMs : gatherMs)
  }

  #leaving(): TaskEvent[] {
    const batch: TaskEvent[] = []
    let length = 0
    for (const event of this.#queue) {
      if (batch.length >= maxBatch || length > maxBatchLength || !this.#options.mayLeave(event)) break
      batch.push(event)
      length += event.type === 'step.started' ? event.name.length + (event.command?.length ?? 0) : maxCarriedBytes
    }
    return batch
  }

  #settle(acked: number): boolean {
    const first = this.#queue[0]
    if (first !== undefined && acked < first.seq - 1) throw new Error(`the server lost events after number ${acked}`)
    const settled = this.#queue.filter((event) => event.seq <= acked)
    this.#queue = this.#queue.filter((event) => event.seq > acked)
    for (const event of settled) this.#options.acknowledged(event)
    return settled.some((event) => event.type === 'task.ended')
  }

  /** The acknowledged number; undefined = try again. */
  async #post(events: readonly TaskEvent[]): Promise<number | undefined> {
    const carried = await Promise.all(events.map((event) => this.#options.carried(event)))
    const logs = carried.filter((log) => log !== undefined)
    let reply: Reply
    try {
      reply = await this.#connection.send({
        method: 'POST',
        path: '/events',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ source: 'agent', events, ...(logs.length === 0 ? {} : { logs }) }),
      })
    } catch {
      return undefined
    }
    if (events.length > 0) this.#sentAt = performance.now()
    const verdict = this.#judge.verdict(reply.status)
    if (verdict === 'retry') return undefined
    if (verdict === 'gone') throw new GoneError(messageOf(reply))
    if (reply.status === receiptStatus && this.#disagreements < maxDisagreements) {
      this.#disagreements += 1
      this.#options.disagreed(events)
      return undefined
    }
    if (verdict === 'refused') throw new Error(`the server refuses the task's events: ${messageOf(reply)}`)
    return EventAck.parse(parseReply(reply)).acked
  }
}
