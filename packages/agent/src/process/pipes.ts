import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Stand-in for a terminal where the system has none: stdin stays open and delivers nothing, stdout and stderr are
 * mixed as they come.
 */
export class Pipes {
  readonly #streams: readonly Readable[]
  readonly #ended: Promise<unknown>
  #onData: (bytes: Buffer) => void

  constructor(child: ChildProcess, onData: (bytes: Buffer) => void) {
    this.#onData = onData
    this.#streams = [child.stdout, child.stderr].filter((stream) => stream !== null)
    for (const stream of this.#streams) stream.on('data', (bytes: Buffer) => this.#onData(bytes))
    this.#ended = Promise.all(
      this.#streams.map((stream) => new Promise<void>((resolve) => stream.once('close', resolve))),
    )
  }

  pause(): void {
    for (const stream of this.#streams) stream.pause()
  }

  resume(): void {
    for (const stream of this.#streams) stream.resume()
  }

  /** A pipe cannot be asked whether it is empty: either everybody has closed it, or the time is up. */
  async drain(maxMs: number): Promise<void> {
    this.resume()
    await Promise.race([this.#ended, delay(maxMs, undefined, { ref: false })])
  }

  discard(): void {
    this.#onData = () => undefined
    this.resume()
  }
}
