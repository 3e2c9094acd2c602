import type { Diagnostic } from '@orrery/config'
import type { PipelineError } from '@orrery/protocol'

const linesBefore = 2
const shownWidth = 120
const mostErrors = 200

/** The compiler's errors as a pipeline shows them; warnings are left out. */
export function configErrors(
  diagnostics: readonly Diagnostic[],
  source: { text: string; file: string },
): PipelineError[] {
  const lines = source.text.split('\n')
  return diagnostics
    .filter((one) => one.severity === 'error')
    .slice(0, mostErrors)
    .map((one) => ({
      type: 'config' as const,
      message: one.message,
      code: one.code,
      file: one.file,
      line: one.range.start.line,
      column: one.range.start.column,
      ...(one.hint === undefined ? {} : { hint: one.hint }),
      ...excerptFor(one, source.file, lines),
    }))
}

/** Of the config with the lines before; of an orb, whose text is not at hand here, as the compiler made it. */
function excerptFor(diagnostic: Diagnostic, file: string, lines: readonly string[]): { excerpt?: string } {
  if (diagnostic.file === file) return { excerpt: excerptOf(lines, diagnostic.range.start) }
  return diagnostic.excerpt === undefined ? {} : { excerpt: diagnostic.excerpt }
}

/**
 * The line of the error with two before it, and a caret below. A very long line is cut around the column. Tabs become
 * one blank, so that the caret stands where it points to.
 */
export function excerptOf(lines: readonly string[], at: { line: number; column: number }): string {
  const first = Math.max(1, at.line - linesBefore)
  const gutter = String(at.line).length
  const left = Math.max(0, at.column - 1 - shownWidth / 2)
  const shown: string[] = []
  for (let number = first; number <= at.line; number++) {
    const text = [...(lines[number - 1] ?? '').replaceAll('\r', '').replaceAll('\t', ' ')]
    shown.push(`${String(number).padStart(gutter)} | ${text.slice(left, left + shownWidth).join('')}`.trimEnd())
  }
  shown.push(`${' '.repeat(gutter)} | ${' '.repeat(at.column - 1 - left)}^`)
  return shown.join('\n')
}
