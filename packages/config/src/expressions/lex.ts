export type TokenKind = 'variable' | 'word' | 'integer' | 'string' | 'regex' | 'operator' | 'paren' | 'end'

export interface Token {
  kind: TokenKind
  /** Source text; for strings and regexes the content without delimiters and escapes of the delimiter. */
  text: string
  start: number
  end: number
}

export interface SyntaxFault {
  message: string
  start: number
  end: number
  hint?: string
}

/** Left-associative chains become trees as deep as they are long, so their length is bounded. */
const maxTokens = 2000

const space = /\s/
const nameStart = /[A-Za-z]/
const nameRest = /[\w.-]/

/** Splits an expression into tokens (spec: config-language.md 9.2). A regex can stand only behind `matches`. */
export function lexExpression(text: string): { tokens: Token[] } | { fault: SyntaxFault } {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const char = text[at] ?? ''
    if (space.test(char)) {
      at++
      continue
    }
    const token = next(text, at, tokens.at(-1))
    if ('message' in token) return { fault: token }
    tokens.push(token)
    if (tokens.length > maxTokens)
      return { fault: { message: 'the expression is too long', start: at, end: token.end } }
    at = token.end
  }
  tokens.push({ kind: 'end', text: '', start: text.length, end: text.length })
  return { tokens }
}

function next(text: string, at: number, before: Token | undefined): Token | SyntaxFault {
  const char = text[at] ?? ''
  if (char === '"' || char === "'") return delimited(text, at, 'string')
  if (char === '/' && before?.kind === 'word' && before.text === 'matches') return delimited(text, at, 'regex')
  if (char === '(' || char === ')') return { kind: 'paren', text: char, start: at, end: at + 1 }
  if (nameStart.test(char)) return name(text, at)
  if (/\d/.test(char)) return integer(text, at)
  const operator = ['==', '!=', '>=', '<=', '>', '<', '!'].find((one) => text.startsWith(one, at))
  if (operator) return { kind: 'operator', text: operator, start: at, end: at + operator.length }
  const hints: Record<string, string> = {
    '=': 'use == to compare',
    '&': 'use `and`',
    '|': 'use `or`',
    '-': 'there are no negative numbers and no arithmetic',
    ',': 'there are no functions and no lists',
    '/': 'a /regex/ can stand only behind `matches`',
  }
  return { message: `unexpected character ${char}`, start: at, end: at + 1, hint: hints[char] }
}

function name(text: string, at: number): Token | SyntaxFault {
  let end = at + 1
  while (end < text.length && nameRest.test(text[end] ?? '')) end++
  const found = text.slice(at, end)
  if (found.includes('..')) return { message: `a name cannot hold "..": ${found}`, start: at, end }
  return { kind: found.includes('.') ? 'variable' : 'word', text: found, start: at, end }
}

function integer(text: string, at: number): Token | SyntaxFault {
  let end = at + 1
  while (end < text.length && /\d/.test(text[end] ?? '')) end++
  const digits = text.slice(at, end)
  if (/[A-Za-z_.]/.test(text[end] ?? '')) return { message: 'numbers are whole numbers', start: at, end: end + 1 }
  if (BigInt(digits.slice(0, 20)) > 9223372036854775807n) return { message: 'the number is too large', start: at, end }
  return { kind: 'integer', text: digits, start: at, end }
}

function delimited(text: string, at: number, kind: 'string' | 'regex'): Token | SyntaxFault {
  const delimiter = text[at] ?? ''
  let content = ''
  for (let end = at + 1; end < text.length; end++) {
    const char = text[end] ?? ''
    const following = text[end + 1] ?? ''
    const escapes = kind === 'string' ? [delimiter, '\\'] : [delimiter]
    if (char === '\\' && escapes.includes(following)) {
      content += following
      end++
    } else if (char === '\\' && kind === 'regex') {
      content += char + following
      end++
    } else if (char === delimiter) return { kind, text: content, start: at, end: end + 1 }
    else content += char
  }
  return { message: `the ${kind} is not closed`, start: at, end: text.length }
}
