const firstSize = 16 * 1024

/**
 * Gathers bytes while earlier ones are being written. Two blocks change places and are used again for ever, so that a
 * gigabyte of output leaves no garbage behind: memory of the agent is memory the job does not get.
 */
export class GatherBuffer {
  #filling = Buffer.allocUnsafe(firstSize)
  #spare = Buffer.allocUnsafe(firstSize)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Copies the bytes. */
  add(bytes: Buffer): void {
    const needed = this.#length + bytes.length
    if (needed > this.#filling.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#filling.length))
      this.#filling.copy(larger, 0, 0, this.#length)
      this.#filling = larger
    }
    bytes.copy(this.#filling, this.#length)
    this.#length = needed
  }

  /** What was gathered; valid until the next `take`. */
  take(): Buffer {
    const taken = this.#filling.subarray(0, this.#length)
    const next = this.#spare
    this.#spare = this.#filling
    this.#filling = next
    this.#length = 0
    return taken
  }

  clear(): void {
    this.#length = 0
  }
}
