/** Offset of the parenthesis that closes the group at the start; -1 when there is none. */
export function groupEnd(text: string): number {
  for (const { char, depth, at } of structure(text)) if (char === ')' && depth === 0) return at
  return -1
}

export function hasTopLevelBar(text: string): boolean {
  for (const { char, depth } of structure(text)) if (char === '|' && depth === 0) return true
  return false
}

/** Unescaped characters outside classes, each with the depth of groups around it. */
function* structure(text: string): Generator<{ char: string; depth: number; at: number }> {
  let depth = 0
  let inClass = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? ''
    if (char === '\\') at++
    else if (inClass) inClass = char !== ']' || text[at - 1] === '['
    else if (char === '[') inClass = true
    else {
      if (char === ')') depth--
      yield { char, depth, at }
      if (char === '(') depth++
    }
  }
}
