import { unlink } from 'node:fs/promises'
import type { CarriedLog, TaskEvent, TaskEventBody } from '@orrery/protocol'
import type { EventFile } from '../spool/event-file.ts'
import { logPath, type TaskPaths } from '../spool/layout.ts'
import { LogFile, type SpooledLog } from '../spool/log-file.ts'
import type { Connection } from './connection.ts'
import { EventLoop } from './event-loop.ts'
import { LogLoop, Pace } from './log-loop.ts'

type StepEnded = Extract<TaskEvent, { type: 'step.ended' }>

/**
 * Brings the spool to the server: one event loop, one log loop for each log that is not acknowledged. What is
 * reported here is on disk when the call returns; sending goes on behind it and is waited for only at the end.
 */
export class Sender {
  /** Resolves when `task.ended` is acknowledged; rejects with GoneError or a fault. */
  readonly done: Promise<void>
  readonly #paths: TaskPaths
  readonly #file: EventFile
  readonly #connection: Connection
  readonly #events: EventLoop
  readonly #logs = new Map<string, LogLoop>()
  readonly #pace = new Pace()
  readonly #fail: (error: unknown) => void
  #closing = false
  /** Logs on their way out of the spool. */
  readonly #removals = new Set<Promise<void>>()

  constructor(paths: TaskPaths, file: EventFile, connection: Connection) {
    this.#paths = paths
    this.#file = file
    this.#connection = connection
    this.#events = new EventLoop(connection, {
      mayLeave: (event) => event.type !== 'step.ended' || this.#mayEnd(event),
      carried: async (event) => (event.type === 'step.ended' ? await this.#carried(event) : undefined),
      acknowledged: (event) => this.#acknowledged(event),
      disagreed: (events) => this.#resend(events),
    })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.done = promise
    this.#fail = reject
    // Whoever awaits `done` gets the error; until then it must not end the process.
    promise.catch(() => undefined)
    this.#events
      .run()
      .then(() => Promise.all(this.#removals))
      .then(() => resolve(), reject)
  }

  /** True once `task.ended` was reported: from then on only its own acknowledgement counts. */
  get closing(): boolean {
    return this.#closing
  }

  report(body: TaskEventBody): void {
    this.#send(this.#file.append(body))
  }

  /** Sends events that an earlier process wrote. */
  resend(events: readonly TaskEvent[]): void {
    for (const event of events) this.#send(event)
  }

  openLog(step: number, attempt: number): LogFile {
    const log = new LogFile(logPath(this.#paths, step, attempt), step, attempt)
    this.addLog(log, true)
    return log
  }

  /** `fresh`: the server cannot have any of it. */
  addLog(log: SpooledLog, fresh: boolean): void {
    const loop = new LogLoop(this.#connection, log, fresh, this.#pace)
    this.#logs.set(keyOf(log), loop)
    this.#runLog(loop)
  }

  /** The number of the last event the server has. */
  async acknowledged(): Promise<number> {
    return await this.#events.ask()
  }

  close(): void {
    for (const loop of this.#logs.values()) loop.stop()
    this.#connection.close()
    this.#file.close()
  }

  #send(event: TaskEvent): void {
    if (event.type === 'task.ended') this.#closing = true
    this.#events.add(event)
  }

  #runLog(loop: LogLoop): void {
    loop.run().then(
      () => this.#events.look(),
      (error: unknown) => this.#fail(error),
    )
  }

  #acknowledged(event: TaskEvent): void {
    const loop = event.type === 'step.ended' ? this.#log(event) : undefined
    if (loop === undefined) return
    this.#logs.delete(keyOf(loop.log))
    const path = logPath(this.#paths, loop.log.step, loop.log.attempt)
    // The server has it for good; a long job must not fill the disk twice.
    const removal = loop.log
      .close()
      .then(() => unlink(path))
      .catch(() => undefined)
      .finally(() => this.#removals.delete(removal))
    this.#removals.add(removal)
  }

  /** From now on no log goes with its step's end: a server that does not know of that would refuse one after the other. */
  #resend(events: readonly TaskEvent[]): void {
    this.#pace.mayCarry = false
    const refused = events.map((event) => (event.type === 'step.ended' ? this.#log(event) : undefined))
    for (const loop of this.#logs.values()) {
      if (!loop.carried && !refused.includes(loop)) continue
      loop.distrust()
      this.#runLog(loop)
    }
  }

  #mayEnd(event: StepEnded): boolean {
    const loop = this.#log(event)
    return loop === undefined ? event.log.bytes === 0 : loop.complete || loop.carried
  }

  async #carried(event: StepEnded): Promise<CarriedLog | undefined> {
    const loop = this.#log(event)
    if (loop === undefined || !loop.carried) return undefined
    const bytes = await loop.log.read(0, loop.log.written)
    return { step: event.step, attempt: event.attempt, bytes: bytes.toString('base64') }
  }

  #log(event: { step: number; attempt: number }): LogLoop | undefined {
    return this.#logs.get(keyOf(event))
  }
}

function keyOf({ step, attempt }: { step: number; attempt: number }): string {
  return `${step}-${attempt}`
}
