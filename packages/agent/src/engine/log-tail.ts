/** Keeps the last `size` bytes of a stream in memory. The memory is taken when the first byte comes. */
export class LogTail {
  readonly #size: number
  #ring: Buffer | undefined
  #total = 0

  constructor(size: number) {
    this.#size = size
  }

  /** Copies the bytes. */
  push(bytes: Buffer): void {
    this.#ring ??= Buffer.allocUnsafe(this.#size)
    const kept = bytes.subarray(Math.max(0, bytes.length - this.#size))
    const at = (this.#total + bytes.length - kept.length) % this.#size
    const first = Math.min(kept.length, this.#size - at)
    kept.copy(this.#ring, at, 0, first)
    kept.copy(this.#ring, 0, first)
    this.#total += bytes.length
  }

  /** What is left, from the beginning of a line where that is possible, and how many bytes before it are gone. */
  take(): { dropped: number; bytes: Buffer } {
    const ring = this.#ring ?? Buffer.alloc(0)
    if (this.#total <= ring.length) return { dropped: 0, bytes: ring.subarray(0, this.#total) }
    const at = this.#total % ring.length
    const bytes = Buffer.concat([ring.subarray(at), ring.subarray(0, at)])
    const line = bytes.indexOf(10) + 1
    const whole = line < bytes.length ? bytes.subarray(line) : bytes
    return { dropped: this.#total - whole.length, bytes: whole }
  }
}
