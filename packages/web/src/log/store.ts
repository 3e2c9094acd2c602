import type { LogChunk } from '@orrery/protocol'
import { openLive } from '../api/live-source.ts'
import { admitChunk } from './admit.ts'
import { LogModel } from './model.ts'
import { takeStreamSlot } from './stream-slots.ts'

export type LogState = 'waiting' | 'reading' | 'lost' | 'ended'

/** Text comes in many small chunks; the page is told about them at most this often. */
const notifyMs = 50

/**
 * One log as the page sees it: reads the stream from the offset reached, feeds the model, and tells listeners. It can be
 * started again after a stop and goes on where it was.
 */
export class LogStore {
  readonly model = new LogModel()
  readonly #path: string
  readonly #listeners = new Set<() => void>()
  #version = 0
  #offset = 0
  #state: LogState = 'waiting'
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `path`: the stream's address, with a query already. */
  constructor(path: string) {
    this.#path = path
  }

  get state(): LogState {
    return this.#state
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Changes whenever there is something new to show. */
  getVersion = (): number => this.#version

  /** Begins to read; answers the function that stops. */
  start(): () => void {
    if (this.#state === 'ended') return () => {}
    let close = () => {}
    const release = takeStreamSlot(() => {
      close = openLive({
        url: () => `${this.#path}&offset=${this.#offset}`,
        onMessage: (data) => this.#onMessage(data),
        onConnection: (connection) => {
          if (connection.state === 'ended') {
            this.#setState('ended')
            release()
          } else if (connection.state === 'lost') this.#setState('lost')
          else if (connection.state === 'open') this.#setState('reading')
        },
      })
    })
    return () => {
      close()
      release()
      clearTimeout(this.#timer)
      this.#timer = undefined
    }
  }

  #onMessage(data: string): 'reconnect' | undefined {
    const chunk = parseChunk(data)
    if (chunk === null) return undefined
    const admission = admitChunk(this.#offset, chunk)
    if (admission.kind === 'gap') return 'reconnect'
    if (admission.kind === 'repeated') return undefined
    this.model.feed(admission.text)
    this.#offset = admission.next
    this.#notifySoon()
    return undefined
  }

  #setState(state: LogState): void {
    this.#state = state
    this.#notifySoon()
  }

  #notifySoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#version++
      for (const listener of this.#listeners) listener()
    }, notifyMs)
  }
}

function parseChunk(data: string): LogChunk | null {
  try {
    const chunk: Partial<LogChunk> | null = JSON.parse(data)
    if (typeof chunk?.text !== 'string' || typeof chunk.offset !== 'number' || typeof chunk.next !== 'number')
      return null
    return { text: chunk.text, offset: chunk.offset, next: chunk.next }
  } catch {
    return null
  }
}
