import { closeSync, constants, fstatSync, openSync, readFileSync, writeSync } from 'node:fs'
import { eventClock, TaskEvent, type TaskEventBody } from '@orrery/protocol'

/** More than any task reports; a larger file was written by somebody else. */
const maxBytes = 64 * 1024 * 1024

/**
 * The task's own events, one JSON document a line, numbered from 1 without gaps. Written before they are sent, so that
 * an agent that is killed at any moment leaves what `drain` needs.
 *
 * A disk that is full keeps no event from being sent: the server's own record then stands alone.
 *
 * Writing is synchronous: some hundred bytes into the page cache cost less than the way through the thread pool, and
 * the caller may rely on "on disk, if it takes anything" when `append` returns.
 */
export class EventFile {
  readonly #fd: number
  #seq: number
  readonly #now = eventClock()
  /** The last line may not be whole. */
  #torn = false
  /** What a full disk did not take: it goes with the next event, so that the file has no gap. */
  #unwritten = ''

  private constructor(fd: number, seq: number) {
    this.#fd = fd
    this.#seq = seq
  }

  static create(path: string): EventFile {
    const { O_WRONLY, O_CREAT, O_TRUNC, O_APPEND, O_NOFOLLOW } = constants
    return new EventFile(openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW, 0o600), 0)
  }

  /**
   * Goes on with what a dead agent left: whole, well-formed events in the order of their numbers; a torn last line is cut off by
   * starting a new one. A file that is missing counts as empty.
   */
  static recover(path: string): { file: EventFile; events: TaskEvent[] } {
    const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants
    const fd = openSync(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0o600)
    const stat = fstatSync(fd)
    if (!stat.isFile() || stat.size > maxBytes) {
      closeSync(fd)
      throw new Error(`${path} is not a spool of events`)
    }
    const text = readFileSync(fd, 'utf8')
    const events = readEvents(text)
    if (text !== '' && !text.endsWith('\n')) writeSync(fd, '\n')
    return { file: new EventFile(fd, events.at(-1)?.seq ?? 0), events }
  }

  /** The server may hold more than the file, when somebody removed it: numbers go on behind both. */
  skipTo(seq: number): void {
    this.#seq = Math.max(this.#seq, seq)
  }

  append(body: TaskEventBody): TaskEvent {
    const event: TaskEvent = { seq: this.#seq + 1, at: this.#now(), ...body }
    this.#unwritten += `${JSON.stringify(event)}\n`
    const lines = Buffer.from(`${this.#torn ? '\n' : ''}${this.#unwritten}`)
    try {
      this.#torn = writeSync(this.#fd, lines) < lines.length
      if (!this.#torn) this.#unwritten = ''
    } catch {
      this.#torn = true
    }
    this.#seq = event.seq
    return event
  }

  close(): void {
    closeSync(this.#fd)
  }
}

function readEvents(text: string): TaskEvent[] {
  const events: TaskEvent[] = []
  for (const line of text.split('\n')) {
    const parsed = TaskEvent.safeParse(parseJson(line))
    // Lines that are torn by a kill come last or, after a second kill while draining, between whole ones.
    if (parsed.success && parsed.data.seq > (events.at(-1)?.seq ?? 0)) events.push(parsed.data)
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
