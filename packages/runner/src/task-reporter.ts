import { appendFileSync, existsSync } from 'node:fs'
import { readFile, truncate } from 'node:fs/promises'
import { EventAck, eventClock, TaskEvent, type TaskEventBody } from '@orrery/protocol'
import { createBackoff } from './backoff.ts'
import { isGone, ServerRefusal, type TaskClient } from './server-client.ts'

/**
 * The runner's own events about one task: numbered, written to disk, then sent until the server has them. A runner
 * that was killed reads the file and sends all of them again; the server keeps each once.
 */
export interface TaskReporter {
  /** Events of an earlier life of this runner, in order. */
  readonly earlier: readonly TaskEvent[]
  /** Resolves when the event is on disk; sending goes on by itself. */
  report(body: TaskEventBody): Promise<void>
  /** How to send a step's log once more when the server says that it does not match its receipt. */
  resendWith(step: number, send: () => Promise<unknown>): void
  /** Resolves with true when the server has everything, with false when the task is no longer ours. */
  flushed(): Promise<boolean>
  /** Gives up what was not sent yet. */
  stop(): void
}

/**
 * `resumed`: an earlier life of this runner reported. Its disk may have been full, so the server is asked how far it
 * came: numbers go on behind both. Until it can be asked, nothing is numbered.
 */
export async function createReporter(
  client: TaskClient,
  file: string,
  stopped: AbortSignal,
  resumed = false,
): Promise<TaskReporter> {
  const earlier = existsSync(file) ? await readEvents(file) : []
  const own = new AbortController()
  const signal = AbortSignal.any([own.signal, stopped])
  let acked = 0
  let gone = false
  if (resumed) {
    const stored = await askStored(client, signal)
    if (stored === undefined) gone = true
    else acked = Math.max(stored, (earlier[0]?.seq ?? 1) - 1)
  }
  const now = eventClock()
  const events = [...earlier]
  let last = Math.max(earlier.at(-1)?.seq ?? 0, acked)
  const spool = createSpool(file)
  let sending: Promise<void> | undefined

  let pause: NodeJS.Timeout | undefined
  const unsent = (): TaskEvent[] => events.filter(({ seq }) => seq > acked)
  const kick = (): void => {
    clearTimeout(pause)
    if (sending !== undefined || gone || acked >= last) return
    sending = send().finally(() => {
      sending = undefined
    })
  }
  const resenders = new Map<number, () => Promise<unknown>>()
  const send = async (): Promise<void> => {
    const backoff = createBackoff()
    let refused = 0
    while (acked < last && !signal.aborted) {
      try {
        // After a refusal one at a time: the others are not to blame.
        acked = (await client.events(unsent().slice(0, refused === 0 ? 1000 : 1), signal)).acked
        backoff.reset()
        refused = 0
      } catch (error) {
        if (signal.aborted) return
        const stored = storedNumber(error)
        if (stored !== undefined && stored !== acked) {
          acked = stored
          continue
        }
        if (isGone(error)) {
          gone = true
          return
        }
        if (isFinal(error)) {
          refused += 1
          await answerRefusal(refused)
        }
        await backoff.pause(signal).catch(() => undefined)
      }
    }
  }
  /**
   * The end of a step whose log does not match, e.g. because the server still has bytes of a claim that was given back.
   * The log is sent again; when that does not help, the step stays without an end: one that is never accepted would
   * keep the end of the task behind it for ever. Its number is filled with the start of the step, which the server has.
   */
  const answerRefusal = async (times: number): Promise<void> => {
    const index = events.findIndex(({ seq }) => seq > acked)
    const event = events[index]
    if (event === undefined || event.type === 'task.ended') return
    if (times <= mostResends) await resenders.get(event.step)?.()
    else if (event.type === 'step.ended') events[index] = { ...startOf(events, event.step), seq: event.seq }
  }
  kick()
  return {
    earlier,
    async report(body) {
      last += 1
      const event: TaskEvent = { seq: last, at: now(), ...body }
      events.push(event)
      spool.add(event)
      // The first one begins step 0: the way to the job's first step comes before what tells of it.
      if (last > 1) kick()
      else pause = setTimeout(kick, firstPauseMs)
    },
    resendWith: (step, resend) => void resenders.set(step, resend),
    async flushed() {
      kick()
      while (sending !== undefined) await sending
      return !gone && acked >= last
    },
    stop() {
      clearTimeout(pause)
      own.abort()
    },
  }
}

/** How long the first event of a task waits, ms. */
const firstPauseMs = 40

/** The last number that the server has. Undefined when the task is no longer ours, or the signal aborted. */
async function askStored(client: TaskClient, signal: AbortSignal): Promise<number | undefined> {
  const backoff = createBackoff()
  while (!signal.aborted) {
    try {
      return (await client.events([], signal)).acked
    } catch (error) {
      if (signal.aborted || isGone(error)) return undefined
      await backoff.pause(signal).catch(() => undefined)
    }
  }
  return undefined
}

/**
 * The file of events. What a full disk does not take is kept and written with the next event, so that the file has no
 * gap; it keeps no event from being sent. Written at once: a task has few, and a job waits for the first.
 */
function createSpool(file: string): { add(event: TaskEvent): void } {
  let waiting = ''
  /** The last line may not be whole: what was written of it is no event, what follows must not be joined to it. */
  let isTorn = false
  return {
    add(event) {
      waiting += `${JSON.stringify(event)}\n`
      try {
        appendFileSync(file, `${isTorn ? '\n' : ''}${waiting}`, { mode: 0o600 })
        isTorn = false
        waiting = ''
      } catch {
        isTorn = true
      }
    },
  }
}

/** A gap is refused with the last number the server holds. */
function storedNumber(error: unknown): number | undefined {
  if (!(error instanceof ServerRefusal) || error.status !== 409) return undefined
  return EventAck.safeParse(error.body).data?.acked
}

/** Refused for what it says: the same event will never be accepted as it is. */
function isFinal(error: unknown): boolean {
  return error instanceof ServerRefusal && (error.status === 422 || error.status === 400 || error.status === 413)
}

/** How often a log is sent again before its step is left without an end. */
const mostResends = 3

function startOf(events: readonly TaskEvent[], step: number): TaskEvent {
  const start = events.find((event) => event.type === 'step.started' && event.step === step)
  if (start === undefined) throw new Error(`step ${step} was ended before it was started`)
  return start
}

/**
 * Events in the order of their numbers, without a gap. A line that is no event was torn by a kill or a full disk; one
 * that such a kill left at the end is cut off, or the next event would be written behind it.
 */
async function readEvents(file: string): Promise<TaskEvent[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  if (whole.length < text.length) await truncate(file, Buffer.byteLength(whole))
  const events: TaskEvent[] = []
  for (const line of whole.split('\n')) {
    const event = TaskEvent.safeParse(parseJson(line)).data
    if (event !== undefined && event.seq === (events.at(-1)?.seq ?? event.seq - 1) + 1) events.push(event)
  }
  return events
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
