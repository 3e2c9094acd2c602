import { TemplateError } from './template-error.ts'

export type Token = { raw: string } & (
  | { kind: 'text'; value: string }
  | { kind: 'number'; value: number }
  | { kind: 'name'; value: string }
  | { kind: 'field'; path: string[] }
  | { kind: 'pipe' | 'open' | 'close' }
)

/** One action's tokens; `end` is the offset after its `}}`, `trim` whether it ended in ` -}}`. */
export type Action = { tokens: Token[]; end: number; trim: boolean; comment: boolean }

const blank = /[ \t\r\n]+/y
const name = /[\p{L}_][\p{L}\p{Nd}_]*/uy
const field = /(?:\.[\p{L}_][\p{L}\p{Nd}_]*)+/uy
const number = /[+-]?\d+(?:\.\d+)?/y
const quoted = /"(?:[^"\\\n]|\\[^\n])*"/y
const raw = /`[^`]*`/y
const comment = /\/\*[\s\S]*?\*\//y
const escapeSequence = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/gs
const simpleEscapes = new Map(Object.entries({ n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' }))

/** Reads the tokens of the action whose inside begins at `start`. @throws TemplateError on what no token begins with. */
export function readAction(template: string, start: number): Action {
  const tokens: Token[] = []
  let at = start
  let isComment = false

  function match(pattern: RegExp): string | undefined {
    pattern.lastIndex = at
    const found = pattern.exec(template)?.[0]
    if (found !== undefined) at += found.length
    return found
  }

  for (;;) {
    const hadBlank = match(blank) !== undefined
    if (hadBlank && template.startsWith('-}}', at)) return { tokens, end: at + 3, trim: true, comment: isComment }
    if (template.startsWith('}}', at)) return { tokens, end: at + 2, trim: false, comment: isComment }
    if (at >= template.length) throw new TemplateError('a {{ has no }}')
    const token = readToken(match)
    if (token !== undefined) tokens.push(token)
    else if (tokens.length === 0 && match(comment) !== undefined) isComment = true
    else throw new TemplateError(`unexpected ${JSON.stringify(template.slice(at, at + 10))} in a {{ }}`)
  }
}

function readToken(match: (pattern: RegExp) => string | undefined): Token | undefined {
  const text = match(quoted)
  if (text !== undefined) return { kind: 'text', value: decodeEscapes(text.slice(1, -1)), raw: text }
  const rawText = match(raw)
  // As in Go, carriage returns are no part of a raw string.
  if (rawText !== undefined) return { kind: 'text', value: rawText.slice(1, -1).replaceAll('\r', ''), raw: rawText }
  const path = match(field)
  if (path !== undefined) return { kind: 'field', path: path.slice(1).split('.'), raw: path }
  const word = match(name)
  if (word !== undefined) return { kind: 'name', value: word, raw: word }
  const digits = match(number)
  if (digits !== undefined) return { kind: 'number', value: Number(digits), raw: digits }
  if (match(/\|/y)) return { kind: 'pipe', raw: '|' }
  if (match(/\(/y)) return { kind: 'open', raw: '(' }
  if (match(/\)/y)) return { kind: 'close', raw: ')' }
  return undefined
}

function decodeEscapes(text: string): string {
  return text.replace(escapeSequence, (whole, hex2, hex4, hex8, octal, other) => {
    const code = hex2 ?? hex4 ?? hex8
    if (code !== undefined) return codePoint(Number.parseInt(code, 16), whole)
    if (octal !== undefined) return codePoint(Number.parseInt(octal, 8), whole)
    if (other === '"' || other === '\\') return other
    const simple = simpleEscapes.get(other)
    if (simple === undefined) throw new TemplateError(`unknown escape ${whole} in a string`)
    return simple
  })
}

function codePoint(code: number, whole: string): string {
  if (code > 0x10ffff) throw new TemplateError(`${whole} is no character`)
  return String.fromCodePoint(code)
}
