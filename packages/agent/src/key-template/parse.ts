/**
 * The part of Go's text/template that cache keys use (spec: execution.md 11.3): literal text, trim markers, comments,
 * fields, function calls, string and number literals, parentheses and pipes. Everything else is an error that
 * quotes the action it stands in.
 */
import { TemplateError } from './template-error.ts'
import { readAction, type Token } from './tokens.ts'

/** A value-producing expression. A piped value becomes the last argument of the next call, as in Go. */
export type Expression =
  | { kind: 'text'; value: string }
  | { kind: 'number'; value: number }
  | { kind: 'field'; path: string[] }
  | { kind: 'call'; name: string; args: Expression[] }

export type Part = { kind: 'literal'; text: string } | { kind: 'action'; expression: Expression; source: string }

export type Parsed = { ok: true; parts: Part[] } | { ok: false; error: string }

/** Splits a template into literal text and parsed actions. */
export function parseTemplate(template: string): Parsed {
  try {
    return { ok: true, parts: [...parts(template)] }
  } catch (error) {
    if (error instanceof TemplateError) return { ok: false, error: error.message }
    throw error
  }
}

function* parts(template: string): Generator<Part> {
  let at = 0
  let trimNext = false
  for (;;) {
    const open = template.indexOf('{{', at)
    const raw = template.slice(at, open < 0 ? undefined : open)
    const trimThis = open >= 0 && /^-[ \t\r\n]/.test(template.slice(open + 2, open + 4))
    const left = trimNext ? raw.replace(/^[ \t\r\n]+/, '') : raw
    const text = trimThis ? trimEnd(left) : left
    if (text !== '') yield { kind: 'literal', text }
    if (open < 0) return
    const action = readAction(template, open + (trimThis ? 3 : 2))
    if (action.tokens.length > 0) {
      const source = template.slice(open, action.end)
      yield { kind: 'action', expression: new Parser(action.tokens, source).whole(), source }
    } else if (!action.comment) throw new TemplateError('an action between {{ and }} is empty')
    at = action.end
    trimNext = action.trim
  }
}

/** Linear, where a regular expression anchored at the end is quadratic. */
function trimEnd(text: string): string {
  let end = text.length
  while (end > 0 && ' \t\r\n'.includes(text[end - 1] ?? 'x')) end--
  return text.slice(0, end)
}

class Parser {
  private readonly tokens: Token[]
  private readonly source: string
  private at = 0
  private depth = 0

  constructor(tokens: Token[], source: string) {
    this.tokens = tokens
    this.source = source
  }

  whole(): Expression {
    const expression = this.pipeline()
    const rest = this.tokens[this.at]
    if (rest !== undefined) throw this.unexpected(rest)
    return expression
  }

  private pipeline(): Expression {
    let value = this.command()
    while (this.tokens[this.at]?.kind === 'pipe') {
      this.at++
      const next = this.command()
      if (next.kind !== 'call') throw new TemplateError(`${this.source}: only a function may stand after |`)
      value = { ...next, args: [...next.args, value] }
    }
    return value
  }

  private command(): Expression {
    const first = this.operand()
    const args: Expression[] = []
    for (let token = this.tokens[this.at]; token && token.kind !== 'pipe' && token.kind !== 'close'; ) {
      args.push(this.operand())
      token = this.tokens[this.at]
    }
    if (args.length === 0) return first
    if (first.kind !== 'call') throw new TemplateError(`${this.source}: only a function takes arguments`)
    return { ...first, args }
  }

  private operand(): Expression {
    const token = this.tokens[this.at++]
    switch (token?.kind) {
      case 'text':
        return { kind: 'text', value: token.value }
      case 'number':
        return { kind: 'number', value: token.value }
      case 'field':
        return { kind: 'field', path: token.path }
      case 'name':
        return { kind: 'call', name: token.value, args: [] }
      case 'open': {
        if (++this.depth > 50) throw new TemplateError(`${this.source}: too many parentheses`)
        const inner = this.pipeline()
        if (this.tokens[this.at++]?.kind !== 'close') throw new TemplateError(`${this.source}: a ) is missing`)
        return inner
      }
      default:
        throw token ? this.unexpected(token) : new TemplateError(`${this.source}: a value is missing`)
    }
  }

  private unexpected(token: Token): TemplateError {
    return new TemplateError(`${this.source}: unexpected ${token.raw}`)
  }
}
