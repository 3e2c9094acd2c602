const newline = 10
const cut = Buffer.from('\n')

/** Breaks lines that are longer than `most` bytes: nothing is dropped, and no reader has to hold an endless line. */
export class LongLines {
  readonly #most: number
  /** Bytes of the line that is being written. */
  #column = 0

  constructor(most: number) {
    this.#most = most
  }

  /** Calls `emit` with the bytes in pieces, usually the one piece they are. The last answer of `emit` is the answer. */
  push(bytes: Buffer, emit: (bytes: Buffer) => boolean): boolean {
    let more = true
    let start = 0
    for (let from = 0; from < bytes.length; ) {
      const end = bytes.indexOf(newline, from)
      const stop = end === -1 ? bytes.length : end
      const room = this.#most - this.#column
      if (stop - from > room) {
        if (from + room > start) emit(bytes.subarray(start, from + room))
        more = emit(cut)
        start = from + room
        from = start
        this.#column = 0
      } else if (end === -1) {
        this.#column += stop - from
        break
      } else {
        // What stands whole in a block that is no longer than a line needs no look: only its last line goes on.
        const last = bytes.length - end <= this.#most ? bytes.lastIndexOf(newline) : end
        this.#column = 0
        from = last + 1
      }
    }
    return start < bytes.length ? emit(start === 0 ? bytes : bytes.subarray(start)) : more
  }
}
