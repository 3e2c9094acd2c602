import type { Diagnostic, SourceRange, StackFrame } from '../diagnostics.ts'
import { pathOf, rangeOf, type YNode } from '../yaml/nodes.ts'
import type { SourceText } from '../yaml/source.ts'
import type { Code } from './catalogue.ts'
import { excerptOfLine } from './excerpt.ts'
import { didYouMean } from './suggest.ts'

const limit = 200
/** More errors than this tell nobody anything; a hostile text could have a hundred thousand. */
const maxErrors = 1000
const maxWarnings = 1000
const maxHints = 100
/** Characters of a message or a hint, and of a name in the stack: names and values in it may be megabytes long. */
const maxMessage = 2000
const maxName = 200

/** A chain of calls, innermost first, shared between environments; a frame's place is worked out when it is reported. */
export interface StackLink {
  kind: StackFrame['kind']
  name: string
  at: YNode
  outer: StackLink | undefined
}

/** Thrown to leave a compile whose result could no longer be used; caught at the compiler's own door. */
export class Abandon extends Error {}

export interface Details {
  hint?: string
  stack?: StackLink
  /** When the fault is a part of the node's text (a template tag, a token). */
  range?: SourceRange
  related?: { message: string; node: YNode }[]
}

/** Collects diagnostics; the same fault found twice at one place (matrix members, repeated calls) counts once. */
export class Collector {
  readonly #found = new Map<string, Diagnostic>()
  readonly #sources = new Map<Diagnostic, SourceText>()
  readonly #imports = new Map<string, YNode>()
  #errors = 0
  #warnings = 0
  #gaveUp = false
  #calls = 0

  get hasErrors(): boolean {
    return this.#errors > 0
  }

  get errorCount(): number {
    return this.#errors
  }

  /** How often anything was reported, repeats too: tells whether a check found nothing. */
  get calls(): number {
    return this.#calls
  }

  /** Remembers which node brought in another file, so that faults in that file can tell. */
  imported(file: string, at: YNode): void {
    if (!this.#imports.has(file)) this.#imports.set(file, at)
  }

  /** Throws `Abandon` when there are so many errors that the rest is not worth the time. */
  add(code: Code, node: YNode, message: string, details: Details = {}): void {
    this.#calls++
    const severity = code.startsWith('C') ? 'error' : 'warning'
    if (severity === 'warning' && this.#warnings >= maxWarnings) {
      this.#warnings++
      return
    }
    const told = bounded(message)
    const { file, ...range } = details.range ?? rangeOf(node)
    const place = `${code} ${file} ${range.start.line}:${range.start.column} ${told}`
    if (this.#found.has(place)) return
    if (severity === 'error') this.#errors++
    else this.#warnings++
    const related = (details.related ?? []).map(({ message: text, node: other }) => {
      const at = rangeOf(other)
      return { message: text, file: at.file, range: at }
    })
    const site = siteOf(node)
    if (site) related.push({ message: `brought in by this ${site.what}`, file: site.range.file, range: site.range })
    const stack = frames(details.stack)
    const led = this.#ledTo(file, stack)
    if (led && related.length === 0) related.push(led)
    const diagnostic: Diagnostic = {
      code,
      severity,
      message: told,
      file,
      range,
      path: pathOf(node),
      stack,
      related,
      ...(details.hint === undefined ? {} : { hint: bounded(details.hint) }),
    }
    this.#found.set(place, diagnostic)
    this.#sources.set(diagnostic, node.source)
    if (this.#errors < maxErrors) return
    this.#gaveUp = true
    throw new Abandon()
  }

  /** What may have been meant, for the first hundred reports: nobody reads the hint of the thousandth. */
  didYouMean(name: string, legal: Iterable<string>): string | undefined {
    return this.#calls > maxHints ? undefined : didYouMean(name, legal)
  }

  /** For a fault in an orb: the line of the config that led there, the innermost call or else the import. */
  #ledTo(file: string, stack: StackFrame[]): Diagnostic['related'][number] | undefined {
    const importer = this.#imports.get(file)
    if (!importer) return undefined
    const call = stack.findLast((frame) => frame.file === stack[0]?.file && frame.file !== file)
    const range = call?.range ?? rangeOf(importer)
    return { message: call ? 'called here' : 'imported here', file: range.file, range }
  }

  /** Sorted by (file, line, column, code); at most 200, the last then tells how many were left out (24.1). */
  sorted(): Diagnostic[] {
    const all = [...this.#found.values()].sort(compare)
    const found = this.#errors + this.#warnings
    if (found <= limit) return all.map((one) => this.#withExcerpt(one))
    const errorsFirst = [...all].sort((a, b) => rank(a) - rank(b)).slice(0, limit)
    const kept = new Set(errorsFirst)
    const shown = all.filter((diagnostic) => kept.has(diagnostic))
    const last = shown.at(-1)
    if (last) last.hint = leftOut(last.hint, found - limit, this.#gaveUp)
    return shown.map((one) => this.#withExcerpt(one))
  }

  #withExcerpt(diagnostic: Diagnostic): Diagnostic {
    const source = this.#sources.get(diagnostic)
    const lines = source ? excerptOfLine(diagnostic.range, source.line(diagnostic.range.start.line)) : []
    return lines.length === 0 ? diagnostic : { ...diagnostic, excerpt: lines.join('\n') }
  }
}

function leftOut(hint: string | undefined, count: number, atLeast: boolean): string {
  return `${hint === undefined ? '' : `${hint}; `}${atLeast ? 'at least ' : ''}${count} more diagnostics were left out`
}

function rank(diagnostic: Diagnostic): number {
  return diagnostic.severity === 'error' ? 0 : 1
}

function compare(a: Diagnostic, b: Diagnostic): number {
  return (
    order(a.file, b.file) ||
    a.range.start.line - b.range.start.line ||
    a.range.start.column - b.range.start.column ||
    order(a.code, b.code) ||
    order(a.message, b.message)
  )
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function bounded(text: string, length = maxMessage): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}

function frames(stack: StackLink | undefined): StackFrame[] {
  const result: StackFrame[] = []
  for (let link = stack; link; link = link.outer) {
    const { kind, name, at } = link
    result.push({ kind, name: bounded(name, maxName), file: at.source.file, range: rangeOf(at) })
  }
  return result.reverse()
}

function siteOf(node: YNode): { what: string; range: SourceRange } | undefined {
  for (let at: YNode | undefined = node; at; at = at.parent) {
    if (at.site) return { what: at.site.what, range: at.source.range(at.site.start, at.site.end) }
  }
  return undefined
}
