/** Most patterns that the braces of one may stand for; `{a,b}{a,b}…` doubles with each pair. */
const mostPatterns = 10_000

/**
 * The patterns that `{a,b}` alternatives stand for, nested ones included. Braces without a comma or without a partner
 * are ordinary characters, as in shells; so is what follows a backslash.
 */
export function expandBraces(pattern: string): string[] {
  const done: string[] = []
  const open = [pattern]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const group = firstGroup(at)
    if (group === undefined) done.push(at)
    else for (const part of group.parts) open.push(at.slice(0, group.start) + part + at.slice(group.end))
    if (open.length + done.length > mostPatterns) {
      throw new Error(`the braces of ${JSON.stringify(shorten(pattern))} stand for more than ${mostPatterns} patterns`)
    }
  }
  return done.reverse()
}

/** The first `{…,…}` that has a partner: where, and its alternatives. */
function firstGroup(text: string): { start: number; end: number; parts: string[] } | undefined {
  const open: { start: number; commas: number[] }[] = []
  let first: { start: number; end: number; commas: number[] } | undefined
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '\\') at++
    else if (char === '{') open.push({ start: at, commas: [] })
    else if (char === ',') open.at(-1)?.commas.push(at)
    else if (char === '}') {
      const group = open.pop()
      if (group && group.commas.length > 0 && (first === undefined || group.start < first.start)) {
        first = { ...group, end: at + 1 }
      }
      if (open.length === 0 && first !== undefined) break
    }
  }
  if (first === undefined) return undefined
  const { start, end, commas } = first
  const borders = [start, ...commas, end - 1]
  const parts = commas.map((comma, index) => text.slice((borders[index] ?? 0) + 1, comma))
  return { start, end, parts: [...parts, text.slice((commas.at(-1) ?? 0) + 1, end - 1)] }
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
