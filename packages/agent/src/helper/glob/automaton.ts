/**
 * A pattern as a row of tokens, walked by sets of positions: `*` and `?` stay within a name, `**` crosses `/`, a `**`
 * that is a whole component also stands for no directory at all. A leading dot of a name needs a dot in the pattern
 * (spec: execution.md 15.2). No regular expression is built: a path costs at most pattern × path, whatever the pattern.
 */
type Token =
  | { kind: 'char'; char: string }
  | { kind: 'any' }
  | { kind: 'class'; not: boolean; ranges: readonly (readonly [string, string])[] }
  | { kind: 'star' }
  | { kind: 'globstar' }
  /** Before `directories`: they may also be none. */
  | { kind: 'optional' }
  /** A whole component of two stars and its slash: at least one directory. */
  | { kind: 'directories' }

export type Automaton = { readonly tokens: readonly Token[] }
/** Positions that the pattern may have reached; empty when nothing longer can match. */
export type State = ReadonlySet<number>

export function compileGlob(pattern: string): Automaton {
  const chars = [...pattern]
  const tokens: Token[] = []
  for (let at = 0; at < chars.length; ) {
    const char = chars[at] ?? ''
    if (char === '*') {
      let end = at
      while (chars[end] === '*') end++
      const whole = (at === 0 || chars[at - 1] === '/') && chars[end] === '/'
      if (end - at === 1) tokens.push({ kind: 'star' })
      else if (whole) tokens.push({ kind: 'optional' }, { kind: 'directories' })
      else tokens.push({ kind: 'globstar' })
      at = end - at > 1 && whole ? end + 1 : end
      continue
    }
    const found = char === '[' ? readClass(chars, at) : undefined
    if (found) tokens.push(found.token)
    else if (char === '?') tokens.push({ kind: 'any' })
    else if (char === '\\' && at + 1 < chars.length) tokens.push({ kind: 'char', char: chars[++at] ?? '' })
    else tokens.push({ kind: 'char', char })
    at = found?.end ?? at + 1
  }
  return { tokens }
}

/** `[abc]`, `[a-z]`, `[!…]`, `[^…]`; a `]` right at the start is a member. Undefined when it is not closed. */
function readClass(chars: readonly string[], start: number): { token: Token; end: number } | undefined {
  let at = start + 1
  const not = chars[at] === '!' || chars[at] === '^'
  if (not) at++
  const ranges: [string, string][] = []
  for (const first = at; at < chars.length; ) {
    if (chars[at] === ']' && at > first) return { token: { kind: 'class', not, ranges }, end: at + 1 }
    const [low, afterLow] = member(chars, at)
    if (chars[afterLow] === '-' && afterLow + 1 < chars.length && chars[afterLow + 1] !== ']') {
      const [high, afterHigh] = member(chars, afterLow + 1)
      ranges.push([low, high])
      at = afterHigh
    } else {
      ranges.push([low, low])
      at = afterLow
    }
  }
  return undefined
}

function member(chars: readonly string[], at: number): [string, number] {
  return chars[at] === '\\' && at + 1 < chars.length ? [chars[at + 1] ?? '', at + 2] : [chars[at] ?? '', at + 1]
}

export function startOf(automaton: Automaton): State {
  return close(automaton, new Set([0]))
}

/** The state behind `text`. `atStart`: its first character begins a name. */
export function advance(automaton: Automaton, from: State, text: string, atStart: boolean): State {
  let state = from
  let begins = atStart
  for (const char of text) {
    if (state.size === 0) return state
    const next = new Set<number>()
    for (const at of state) step(automaton.tokens[at], at, char, begins, next)
    state = close(automaton, next)
    begins = char === '/'
  }
  return state
}

export function accepts(automaton: Automaton, state: State): boolean {
  return state.has(automaton.tokens.length)
}

function step(token: Token | undefined, at: number, char: string, begins: boolean, next: Set<number>): void {
  if (token === undefined) return
  const hidden = begins && char === '.'
  switch (token.kind) {
    case 'char':
      if (token.char === char) next.add(at + 1)
      return
    case 'any':
      if (char !== '/' && !hidden) next.add(at + 1)
      return
    case 'class':
      if (char !== '/' && !hidden && isMember(token, char)) next.add(at + 1)
      return
    case 'star':
      if (char !== '/' && !hidden) next.add(at)
      return
    case 'globstar':
      if (!hidden) next.add(at)
      return
    case 'directories':
      if (hidden) return
      next.add(at)
      if (char === '/') next.add(at + 1)
      return
    case 'optional':
      return
  }
}

/** Adds the positions that are reached without a character. */
function close(automaton: Automaton, state: Set<number>): State {
  for (const at of state) {
    const kind = automaton.tokens[at]?.kind
    if (kind === 'star' || kind === 'globstar' || kind === 'optional') state.add(at + 1)
    if (kind === 'optional') state.add(at + 2)
  }
  return state
}

function isMember(token: Extract<Token, { kind: 'class' }>, char: string): boolean {
  const code = char.codePointAt(0) ?? 0
  const found = token.ranges.some(
    ([low, high]) => code >= (low.codePointAt(0) ?? 0) && code <= (high.codePointAt(0) ?? 0),
  )
  return found !== token.not
}
