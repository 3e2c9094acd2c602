import type { ExtractSummary } from './extract.ts'
import type { Skipped } from './tar-writer.ts'

const mostLines = 20

/** What is not in an archive: warnings for the step's log, one line each; a flood is cut. */
export function skippedLines(skipped: readonly Skipped[]): string {
  return lines(skipped, skipped.length, 'Warning: ')
}

/** What could not be unpacked, one line each; a flood is cut. */
export function failureLines(summary: ExtractSummary): string {
  return lines(summary.failures, summary.failed, '')
}

function lines(items: readonly Skipped[], total: number, prefix: string): string {
  const shown = items.slice(0, mostLines)
  const text = shown.map(({ path, reason }) => `${prefix}${path}: ${reason}\n`).join('')
  return total > shown.length ? `${text}${prefix}and ${total - shown.length} more like these\n` : text
}
