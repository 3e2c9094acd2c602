import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { LogReceipt } from '@orrery/protocol'

/**
 * Running SHA-256 and line count of a growing file. Fed with what is written; whatever it missed (a restart, another
 * server's write) it reads from the file when it is asked.
 */
export class Digest {
  #hash: Hash = createHash('sha256')
  #bytes = 0
  #lines = 0

  /** Ignores bytes that do not join on: `catchUp` gets them from the file. */
  add(bytes: Uint8Array, at: number): void {
    if (at === this.#bytes) this.#take(bytes)
  }

  reset(): void {
    this.#hash = createHash('sha256')
    this.#bytes = 0
    this.#lines = 0
  }

  /** The receipt of the first `bytes` bytes of the file, which has at least that many. */
  async receipt(path: string, bytes: number): Promise<LogReceipt> {
    if (bytes < this.#bytes) this.reset()
    if (bytes > this.#bytes) {
      for await (const chunk of createReadStream(path, {
        start: this.#bytes,
        end: bytes - 1,
        highWaterMark: 1 << 20,
      })) {
        this.#take(chunk as Buffer)
      }
    }
    return { bytes: this.#bytes, lines: this.#lines, sha256: this.#hash.copy().digest('hex') }
  }

  #take(bytes: Uint8Array): void {
    this.#hash.update(bytes)
    this.#bytes += bytes.length
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) this.#lines += 1
  }
}
