import type { Pos, SourceRange } from '../diagnostics.ts'

/** Units between two places where the second halves of astral characters before are counted. */
const stride = 4096

/** A text and the way from its offsets (UTF-16 units) to lines and columns (1-based, columns in code points). */
export class SourceText {
  readonly file: string
  readonly text: string
  readonly #lineStarts: number[] = [0]
  /** Second halves of astral characters before each multiple of `stride`; empty without any, absent until asked for. */
  #halves: number[] | undefined

  constructor(file: string, text: string) {
    this.file = file
    this.text = text
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#lineStarts.push(at + 1)
  }

  get lineCount(): number {
    return this.#lineStarts.length
  }

  /** Text of a 1-based line, without its line break. */
  line(number: number): string {
    const start = this.#lineStarts[number - 1]
    if (start === undefined) return ''
    const next = this.#lineStarts[number]
    const line = this.text.slice(start, next === undefined ? undefined : next - 1)
    return line.endsWith('\r') ? line.slice(0, -1) : line
  }

  pos(offset: number): Pos {
    const clamped = Math.max(0, Math.min(offset, this.text.length))
    const line = this.#lineAt(clamped)
    const start = this.#lineStarts[line] ?? 0
    return { line: line + 1, column: clamped - start - this.#halvesBefore(clamped) + this.#halvesBefore(start) + 1 }
  }

  range(start: number, end: number): SourceRange {
    return { file: this.file, start: this.pos(start), end: this.pos(end) }
  }

  #lineAt(offset: number): number {
    let low = 0
    let high = this.#lineStarts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Columns count code points, however long the line. */
  #halvesBefore(offset: number): number {
    this.#halves ??= /[\uDC00-\uDFFF]/.test(this.text) ? this.#countHalves() : []
    if (this.#halves.length === 0) return 0
    const from = Math.floor(offset / stride)
    return (this.#halves[from] ?? 0) + halvesIn(this.text, from * stride, offset)
  }

  #countHalves(): number[] {
    const counts = [0]
    for (let at = 0; at < this.text.length; at += stride) {
      counts.push((counts.at(-1) ?? 0) + halvesIn(this.text, at, Math.min(at + stride, this.text.length)))
    }
    return counts
  }
}

function halvesIn(text: string, from: number, to: number): number {
  let count = 0
  for (let at = from; at < to; at++) {
    const unit = text.charCodeAt(at)
    if (unit >= 0xdc00 && unit <= 0xdfff) count++
  }
  return count
}
