import type { Diagnostic, Range } from '../diagnostics.ts'
import { excerptOfLine } from './excerpt.ts'

/**
 * The text form of a diagnostic (spec: config-language.md 24.2), with the excerpt that it carries. A
 * diagnostic of elsewhere carries none: then pass the text of `diagnostic.file`.
 */
export function formatDiagnostic(diagnostic: Diagnostic, sourceText?: string): string {
  const { file, range, severity, code, path, message, stack, related, hint } = diagnostic
  const lines = [
    `${file}:${range.start.line}:${range.start.column}  ${severity} ${code}  ${path || '/'}`,
    `  ${message}`,
  ]
  for (const frame of stack) lines.push(`  Error calling ${frame.kind}: '${frame.name}'`)
  const shown = sourceText === undefined ? diagnostic.excerpt?.split('\n') : excerpt(range, sourceText)
  for (const line of shown ?? []) lines.push(`  ${line}`)
  for (const one of related) lines.push(`  ${relatedLine(one)}`)
  if (hint !== undefined) lines.push(`  hint: ${hint}`)
  return lines.join('\n')
}

/** The first line of a range and a line of carets under it; long lines are cut around the range. */
export function excerpt(range: Range, sourceText: string): string[] {
  return excerptOfLine(range, lineOf(sourceText, range.start.line) ?? '')
}

/** Codes of the form of a config: the hosted product lists these under one heading. */
const isShape = ({ code }: Diagnostic) => /^C2/.test(code)

/**
 * All diagnostics as text (24.2): the schema violations of a file under one heading, a line each, led by their pointers;
 * then every other one with its excerpt. Ends without a line break; empty without diagnostics.
 */
export function formatDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const groups = Map.groupBy(diagnostics.filter(isShape), (one) => one.file)
  const blocks = [...groups].map(([file, list]) => {
    const heading = `${file}: ${list.length} schema violation${list.length === 1 ? '' : 's'}`
    return [heading, ...list.map(violation)].join('\n')
  })
  const others = diagnostics.filter((one) => !isShape(one)).map((one) => formatDiagnostic(one))
  return [...blocks, ...others].join('\n')
}

function violation({ file, path, range, code, message, stack, related, hint, excerpt: shown }: Diagnostic): string {
  const lines = [`  [${path || '/'}] ${message} (${code}, ${file}:${range.start.line}:${range.start.column})`]
  for (const frame of stack) lines.push(`    Error calling ${frame.kind}: '${frame.name}'`)
  if (shown !== undefined) lines.push(...shown.split('\n').map((line) => `    ${line}`))
  for (const one of related) lines.push(`    ${relatedLine(one)}`)
  if (hint !== undefined) lines.push(`    hint: ${hint}`)
  return lines.join('\n')
}

function relatedLine({ message, file, range }: Diagnostic['related'][number]): string {
  return `${message}: ${file}:${range.start.line}:${range.start.column}`
}

function lineOf(text: string, number: number): string | undefined {
  let start = 0
  for (let line = 1; line < number; line++) {
    const next = text.indexOf('\n', start)
    if (next === -1) return undefined
    start = next + 1
  }
  const end = text.indexOf('\n', start)
  return text.slice(start, end === -1 ? undefined : end).replace(/\r$/, '')
}
