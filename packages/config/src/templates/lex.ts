/** A piece of a templated string. Offsets are into the string value. */
export type Part =
  | { kind: 'text'; text: string }
  | { kind: 'tag'; body: string; start: number; end: number }
  | { kind: 'unclosed'; start: number }

/** Splits a string at its tags (spec: config-language.md 6.1). */
export function lexTemplate(text: string): Part[] {
  const parts: Part[] = []
  let pending = ''
  let at = 0
  while (at < text.length) {
    const open = text.indexOf('<<', at)
    if (open === -1) break
    const slashes = countBackslashes(text, open, at)
    pending += text.slice(at, open - slashes) + '\\'.repeat(slashes >> 1)
    if (slashes % 2 === 1) {
      pending += '<<'
      at = open + 2
      continue
    }
    const close = tagEnd(text, open + 2)
    if (close === -1) {
      parts.push({ kind: 'unclosed', start: open })
      return parts
    }
    if (pending !== '') parts.push({ kind: 'text', text: pending })
    pending = ''
    parts.push({ kind: 'tag', body: text.slice(open + 2, close).trim(), start: open, end: close + 2 })
    at = close + 2
  }
  pending += text.slice(at)
  if (pending !== '') parts.push({ kind: 'text', text: pending })
  return parts
}

function countBackslashes(text: string, open: number, from: number): number {
  let count = 0
  while (open - count > from && text[open - count - 1] === '\\') count++
  return count
}

const beforeRegex = /\bmatches\s*$/

/** Offset of the `>>` that closes a tag: not one inside a quoted string or behind `matches /`. */
function tagEnd(text: string, from: number): number {
  const close = text.indexOf('>>', from)
  if (close === -1) return -1
  for (let at = from; at < text.length; at++) {
    const char = text[at]
    if (char === '>' && text[at + 1] === '>') return at
    if (char === '"' || char === "'") at = skip(text, at, char)
    else if (char === '/' && beforeRegex.test(text.slice(Math.max(from, at - 40), at))) at = skip(text, at, char)
  }
  // A quote that never closes is not a string of an expression: the first `>>` ends the tag.
  return close
}

function skip(text: string, from: number, quote: string): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === quote) return at
  }
  return text.length
}
