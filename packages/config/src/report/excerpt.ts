import type { Range } from '../diagnostics.ts'

const width = 120
const before = 60
/** Of a longer line nothing is shown: counting its columns again for each diagnostic would take long. */
const maxLine = 65_536

/** The first line of a range, given as `text`, and carets under it; a long line is cut around the range. */
export function excerptOfLine({ start, end }: Range, text: string): string[] {
  if (text.length === 0 || text.length > maxLine) return []
  const from = start.column - 1
  const left = text.length > width ? Math.max(0, from - before) : 0
  const line = window(text, left)
  const to = end.line === start.line ? end.column - 1 : left + line.length
  const carets = Math.max(1, Math.min(to, left + line.length) - from)
  const shown = line.join('').replace(/[\0-\x1f\x7f-\x9f\u2028\u2029]/g, ' ')
  const margin = `${start.line} | `
  return [`${margin}${shown}`, `${' '.repeat(margin.length - 2)}| ${' '.repeat(from - left)}${'^'.repeat(carets)}`]
}

/** The code points of a line from column `left` (0-based) on; a line of megabytes is not split to its end. */
function window(text: string, left: number): string[] {
  const result: string[] = []
  let column = 0
  for (const char of text) {
    if (column++ < left) continue
    if (result.length === width) break
    result.push(char)
  }
  return result
}
