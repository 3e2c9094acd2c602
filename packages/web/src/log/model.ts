import type { Line } from './line-buffer.ts'
import { LineBuffer } from './line-buffer.ts'
import type { Style } from './sgr.ts'
import { StyleTable } from './style-table.ts'

export type { Line } from './line-buffer.ts'

/** A stretch of one line in one style. */
export type Segment = { readonly text: string; readonly style: Style }

type Mode = 'text' | 'escape' | 'csi' | 'string'

const control = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/g
const maxParams = 128
const defaultMaxLines = 500_000

/**
 * Turns log text, in chunks cut anywhere, into lines with styles (spec: execution.md 18.1).
 *
 * Understood: `\n`, `\r` (overwrites), backspace, SGR colours, erase in line, moving within the line. Every other escape
 * sequence is swallowed, also when it is cut, malformed or never ends: strings (titles, hyperlinks) end at the line end
 * at the latest, so that no sequence can hide what follows. Work and memory grow with the input only.
 */
export class LogModel {
  readonly #styles = new StyleTable()
  readonly #buffer = new LineBuffer()
  readonly #maxLines: number
  #lines: Line[] = []
  #dropped = 0
  #widest = 0
  #mode: Mode = 'text'
  #params = ''
  #style = 0
  #tail: Line | undefined

  constructor(maxLines = defaultMaxLines) {
    this.#maxLines = maxLines
  }

  /** Lines held, the unfinished last one included. */
  get count(): number {
    return this.#lines.length + (this.#buffer.isEmpty ? 0 : 1)
  }

  /** Lines given up at the front because there were too many: line `i` has the number `dropped + i + 1`. */
  get dropped(): number {
    return this.#dropped
  }

  /** Characters of the longest line so far. */
  get widest(): number {
    return Math.max(this.#widest, this.#lastLine().text.length)
  }

  line(index: number): Line | undefined {
    if (index === this.#lines.length && !this.#buffer.isEmpty) return this.#lastLine()
    return this.#lines[index]
  }

  /** The line cut where its style changes; an empty line has no segments. */
  segments(index: number): Segment[] {
    const line = this.line(index)
    if (line === undefined || line.text === '') return []
    if (line.spans === null) return [{ text: line.text, style: this.#styles.get(0) }]
    const segments: Segment[] = []
    let start = 0
    let style = 0
    for (let i = 0; i <= line.spans.length; i += 2) {
      const end = line.spans[i] ?? line.text.length
      if (end > start) segments.push({ text: line.text.slice(start, end), style: this.#styles.get(style) })
      start = end
      style = line.spans[i + 1] ?? 0
    }
    return segments
  }

  feed(text: string): void {
    this.#tail = undefined
    let at = 0
    while (at < text.length) {
      switch (this.#mode) {
        case 'text':
          at = this.#readText(text, at)
          break
        case 'escape':
          at = this.#readEscape(text, at)
          break
        case 'csi':
          at = this.#readCsi(text, at)
          break
        case 'string':
          at = this.#readString(text, at)
          break
      }
    }
  }

  #lastLine(): Line {
    this.#tail ??= this.#buffer.peek()
    return this.#tail
  }

  #readText(text: string, from: number): number {
    control.lastIndex = from
    const end = control.exec(text)?.index ?? text.length
    let at = from
    while (at < end) {
      at += this.#buffer.write(text, at, end, this.#style)
      if (at < end) this.#endLine()
    }
    if (end === text.length) return end
    const code = text.charCodeAt(end)
    if (code === 0x0a) this.#endLine()
    else if (code === 0x0d) this.#buffer.moveTo(0)
    else if (code === 0x08) this.#buffer.moveBy(-1)
    else if (code === 0x1b) this.#mode = 'escape'
    return end + 1
  }

  /** After ESC. `ESC ( B` and the like have bytes in between; the first other byte ends the sequence. */
  #readEscape(text: string, at: number): number {
    const code = text.charCodeAt(at)
    if (code >= 0x20 && code <= 0x2f) return at + 1
    if (code === 0x5b) {
      this.#mode = 'csi'
      this.#params = ''
      return at + 1
    }
    const startsString = code === 0x5d || code === 0x50 || code === 0x58 || code === 0x5e || code === 0x5f
    this.#mode = startsString ? 'string' : 'text'
    // What cannot end a sequence (control characters, letters beyond ASCII) is text again.
    return code < 0x20 || code > 0x7e ? at : at + 1
  }

  #readCsi(text: string, at: number): number {
    const code = text.charCodeAt(at)
    if (code >= 0x20 && code <= 0x3f) {
      // One more than allowed marks the sequence as too long: it will be ignored.
      if (this.#params.length <= maxParams) this.#params += text[at]
      return at + 1
    }
    this.#mode = 'text'
    if (code < 0x20 || code > 0x7e) return at
    if (this.#params.length <= maxParams) this.#perform(text[at] ?? '', this.#params)
    return at + 1
  }

  /** Inside a title or hyperlink: ends with BEL, with `ESC \`, or where the line ends. */
  #readString(text: string, from: number): number {
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === 0x1b) {
        this.#mode = 'escape'
        return at + 1
      }
      if (code === 0x07 || code === 0x0a) {
        this.#mode = 'text'
        return code === 0x07 ? at + 1 : at
      }
    }
    return text.length
  }

  #perform(final: string, params: string): void {
    if (final === 'm') {
      if (/^[\d;:]*$/.test(params)) this.#style = this.#styles.next(this.#style, params)
      return
    }
    if (!/^\d*$/.test(params)) return
    const value = params === '' ? undefined : Number(params)
    if (final === 'K' && (value ?? 0) === 0) this.#buffer.eraseToEnd()
    else if (final === 'K' && value === 1) this.#buffer.eraseToCursor()
    else if (final === 'K' && value === 2) this.#buffer.eraseAll()
    else if (final === 'G') this.#buffer.moveTo((value ?? 1) - 1)
    else if (final === 'C') this.#buffer.moveBy(value ?? 1)
    else if (final === 'D') this.#buffer.moveBy(-(value ?? 1))
  }

  #endLine(): void {
    const line = this.#buffer.take()
    this.#widest = Math.max(this.#widest, line.text.length)
    this.#lines.push(line)
    if (this.#lines.length <= this.#maxLines) return
    // A tenth at a time: cutting one line per new line would move the whole array each time.
    const cut = Math.max(1, Math.floor(this.#maxLines / 10))
    this.#lines = this.#lines.slice(cut)
    this.#dropped += cut
  }
}
