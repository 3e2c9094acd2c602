/**
 * Go's `filepath.Match` for one path component (spec: execution.md 12.2): `*`, `?`, classes `[a-z]` and
 * `[^…]`, and `\` escapes. No `**`, no braces; a leading dot is a character like any other.
 *
 * No regular expression is built: at a mismatch only the last `*` grows, so the time is at most pattern × name.
 */
type Token =
  | { kind: 'star' }
  | { kind: 'any' }
  | { kind: 'char'; char: string }
  | { kind: 'class'; not: boolean; ranges: [string, string][] }

export type Pattern = { tokens: readonly Token[]; hasMeta: boolean; literal: string }

/** Compiles a component; undefined when it is malformed (an unclosed or empty class, a trailing backslash). */
export function compilePattern(pattern: string): Pattern | undefined {
  const chars = [...pattern]
  const tokens: Token[] = []
  for (let at = 0; at < chars.length; ) {
    const char = chars[at++] ?? ''
    if (char === '*') tokens.push({ kind: 'star' })
    else if (char === '?') tokens.push({ kind: 'any' })
    else if (char === '\\') {
      const escaped = chars[at++]
      if (escaped === undefined) return undefined
      tokens.push({ kind: 'char', char: escaped })
    } else if (char === '[') {
      const found = readClass(chars, at)
      if (found === undefined) return undefined
      tokens.push(found.token)
      at = found.end
    } else tokens.push({ kind: 'char', char })
  }
  const literal = tokens.map((token) => (token.kind === 'char' ? token.char : '')).join('')
  return { tokens, hasMeta: tokens.some((token) => token.kind !== 'char'), literal }
}

function readClass(chars: string[], start: number): { token: Token; end: number } | undefined {
  let at = start
  const not = chars[at] === '^'
  if (not) at++
  const ranges: [string, string][] = []

  function bound(): string | undefined {
    let char = chars[at++]
    if (char === undefined || char === '-' || char === ']') return undefined
    if (char === '\\') char = chars[at++]
    return char
  }

  while (chars[at] !== ']' || ranges.length === 0) {
    const low = bound()
    if (low === undefined) return undefined
    let high: string | undefined = low
    if (chars[at] === '-') {
      at++
      high = bound()
    }
    if (high === undefined) return undefined
    ranges.push([low, high])
  }
  return { token: { kind: 'class', not, ranges }, end: at + 1 }
}

/** True when the whole name matches. */
export function matches(pattern: Pattern, name: string): boolean {
  const chars = [...name]
  const { tokens } = pattern
  let token = 0
  let char = 0
  let star = -1
  let starChar = 0
  while (char < chars.length) {
    const current = tokens[token]
    if (current?.kind === 'star') {
      star = token++
      starChar = char
    } else if (current !== undefined && matchesOne(current, chars[char] ?? '')) {
      token++
      char++
    } else if (star >= 0) {
      token = star + 1
      char = ++starChar
    } else return false
  }
  while (tokens[token]?.kind === 'star') token++
  return token === tokens.length
}

function matchesOne(token: Token, char: string): boolean {
  switch (token.kind) {
    case 'any':
      return true
    case 'char':
      return token.char === char
    case 'class':
      return token.ranges.some(([low, high]) => inRange(char, low, high)) !== token.not
    case 'star':
      return false
  }
}

/** By code point: comparing strings would order characters above U+FFFF by their halves. */
function inRange(char: string, low: string, high: string): boolean {
  const code = char.codePointAt(0) ?? 0
  return code >= (low.codePointAt(0) ?? 0) && code <= (high.codePointAt(0) ?? 0)
}
