import { type Event, parseEvents, YAMLException } from 'js-yaml'
import type { Collector } from '../report/collector.ts'
import { startOf } from './nodes.ts'
import type { SourceText } from './source.ts'
import { describeSyntax, openerOf } from './syntax.ts'

/** Deeper than any tree that is accepted (`parse.ts` counts exactly), shallow enough for the parser's stack. */
const maxParserDepth = 250
/** How much text may be parsed again for the sake of other readers' tolerance. */
const maxTolerantWork = 16 * 1024 * 1024

/**
 * Each value takes a line break, comma, colon, bracket, dash or question mark, and some 400 bytes of memory as event and
 * node. Texts of people have one such mark in 16 to 21 characters; more than this would fit into no memory of ours.
 */
const maxMarks = 500_000

function isTooDense(text: string): boolean {
  if (text.length <= maxMarks) return false
  let marks = 0
  for (let at = 0; at < text.length; at++) if (isMark(text, at)) marks++
  return marks > maxMarks
}

function isMark(text: string, at: number): boolean {
  switch (text.charCodeAt(at)) {
    case 0x0a: // line break, unless the line is empty
      return text.charCodeAt(at + 1) !== 0x0a
    case 0x2c: // ,
    case 0x3a: // :
    case 0x3f: // ?
    case 0x5b: // [
    case 0x7b: // {
      return true
    case 0x0d: // line break, unless the other half follows
      return text.charCodeAt(at + 1) !== 0x0a
    case 0x2d: // dash and blank
      return text.charCodeAt(at + 1) === 0x20 || text.charCodeAt(at + 1) === 0x09
    default:
      return false
  }
}

/** What the parser saw: its events, and the text that their offsets count in. */
export interface Reading {
  events: Event[]
  text: string
  /** The offset in the source of an offset in `text`. */
  place(offset: number): number
}

/** Splits a text to events of one or more documents; undefined when it is not YAML, which has then been reported. */
export function readEvents(source: SourceText, report: Collector): Reading | undefined {
  if (isTooDense(source.text)) {
    const message = `The config is too large: over ${maxMarks} lines, commas, colons and brackets`
    report.add('C105', startOf(source), message)
    return undefined
  }
  const first = attempt(source.text)
  if (!(first instanceof YAMLException)) return { events: first, text: source.text, place: (offset) => offset }
  const tolerant = readTolerantly(source.text, first)
  if (tolerant) return tolerant
  reportSyntax(first, source, report)
  return undefined
}

function attempt(text: string): Event[] | YAMLException {
  try {
    return parseEvents(text, { maxDepth: maxParserDepth })
  } catch (error) {
    if (error instanceof YAMLException) return error
    throw error
  }
}

/**
 * Two things that the standard forbids and that readers of YAML 1.1 take, so that configs in use have them: the `|` of
 * a block scalar on a line of its own, and lines inside brackets that are indented too little.
 */
function readTolerantly(source: string, first: YAMLException): Reading | undefined {
  const lifted = liftBlockHeaders(source)
  if (lifted === source && !isShallow(first)) return undefined
  const text = new Padded(lifted)
  for (let work = 0; work < maxTolerantWork; work += text.value.length) {
    const result = attempt(text.value)
    if (!(result instanceof YAMLException)) {
      return { events: result, text: text.value, place: (offset) => text.place(offset) }
    }
    if (!isShallow(result)) return undefined
    text.indent(result.mark?.position ?? 0)
  }
  return undefined
}

function isShallow(error: YAMLException): boolean {
  return error.reason === 'deficient indentation'
}

/** A text with blanks put in at the starts of some lines. */
class Padded {
  value: string
  readonly #pads: { at: number; width: number }[] = []

  constructor(text: string) {
    this.value = text
  }

  indent(offset: number): void {
    const at = Math.max(this.value.lastIndexOf('\n', offset - 1), this.value.lastIndexOf('\r', offset - 1)) + 1
    const width = 80
    this.value = `${this.value.slice(0, at)}${' '.repeat(width)}${this.value.slice(at)}`
    this.#pads.push({ at, width })
  }

  /** Lines are padded from the top to the bottom, so that an earlier pad never moves a later one. */
  place(offset: number): number {
    let moved = 0
    for (const { at, width } of this.#pads) {
      if (at >= offset) break
      moved += Math.min(width, offset - at)
    }
    return offset - moved
  }
}

/** Lifts the mark of a block scalar behind its key without moving any offset. */
function liftBlockHeaders(text: string): string {
  const header = /^( *(?:- +)*)([\w-]+:)[ \t]*(\r?\n *)([|>][+-]?)[ \t]*$/gm
  return text.replace(header, (whole, margin: string, key: string, gap: string, mark: string) => {
    const column = gap.length - gap.indexOf('\n') - 1
    if (column !== margin.length) return whole
    return `${margin}${key}${mark.padStart(whole.length - margin.length - key.length)}`
  })
}

function reportSyntax(error: YAMLException, source: SourceText, report: Collector): void {
  const { text } = source
  const start = startOf(source)
  const at = error.mark?.position ?? 0
  if (error.reason.startsWith('nesting exceeded')) {
    report.add('C105', start, 'The document is nested too deep', { range: source.range(at, at + 1) })
    return
  }
  const opener = openerOf(error.reason, (closing) => attempt(text + closing))
  const { message, hint, from } = describeSyntax(error.reason, text, opener ?? at)
  const range = source.range(from, from + 1)
  report.add('C100', start, `YAML syntax error: ${message}`, { range, ...(hint === undefined ? {} : { hint }) })
}
