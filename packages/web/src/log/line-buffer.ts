/** A finished line: its text, and where styles begin as `[start, style, start, style, …]` (null = all plain). */
export type Line = { readonly text: string; readonly spans: readonly number[] | null }

/** Longer lines are split, never dropped (spec: execution.md 18.1). In UTF-16 code units. */
export const maxLineLength = 65_536

const emptyLine: Line = { text: '', spans: null }

/**
 * The line being written: one cell per code unit, because `\r` and erase sequences change what is there already.
 * The cursor never leaves the written part, so that a few bytes of input cannot make much output.
 */
export class LineBuffer {
  #chars = new Uint16Array(256)
  #styles = new Uint16Array(256)
  #length = 0
  #column = 0

  get isEmpty(): boolean {
    return this.#length === 0
  }

  /** Writes text[from, to) at the cursor; answers how much fitted (less only when the line is full). */
  write(text: string, from: number, to: number, style: number): number {
    const count = Math.min(to - from, maxLineLength - this.#column)
    this.#grow(this.#column + count)
    for (let i = 0; i < count; i++) {
      this.#chars[this.#column + i] = text.charCodeAt(from + i)
      this.#styles[this.#column + i] = style
    }
    this.#column += count
    this.#length = Math.max(this.#length, this.#column)
    return count
  }

  /** Moves to `column` (from 0), as far as the line reaches. */
  moveTo(column: number): void {
    this.#column = Math.max(0, Math.min(column, this.#length))
  }

  moveBy(columns: number): void {
    this.moveTo(this.#column + columns)
  }

  /** `ESC [ 0 K` */
  eraseToEnd(): void {
    this.#length = this.#column
  }

  /** `ESC [ 1 K` */
  eraseToCursor(): void {
    this.#chars.fill(0x20, 0, this.#column)
    this.#styles.fill(0, 0, this.#column)
  }

  /** `ESC [ 2 K`: programs return to the first column next, so the cursor goes there too. */
  eraseAll(): void {
    this.#length = 0
    this.#column = 0
  }

  peek(): Line {
    if (this.#length === 0) return emptyLine
    return { text: this.#text(), spans: this.#spans() }
  }

  /** The line as it stands; the buffer is empty afterwards. */
  take(): Line {
    const line = this.peek()
    this.eraseAll()
    return line
  }

  #text(): string {
    let text = ''
    for (let at = 0; at < this.#length; at += 8192) {
      text += String.fromCharCode(...this.#chars.subarray(at, Math.min(at + 8192, this.#length)))
    }
    return text.toWellFormed()
  }

  #spans(): readonly number[] | null {
    const spans: number[] = []
    let current = 0
    for (let i = 0; i < this.#length; i++) {
      const style = this.#styles[i] ?? 0
      if (style === current) continue
      spans.push(i, style)
      current = style
    }
    return spans.length === 0 ? null : spans
  }

  #grow(needed: number): void {
    if (needed <= this.#chars.length) return
    const size = Math.min(maxLineLength, Math.max(needed, this.#chars.length * 2))
    const chars = new Uint16Array(size)
    chars.set(this.#chars)
    this.#chars = chars
    const styles = new Uint16Array(size)
    styles.set(this.#styles)
    this.#styles = styles
  }
}
