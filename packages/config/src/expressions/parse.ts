import { lexExpression, type SyntaxFault, type Token } from './lex.ts'

export type BinaryOperator = 'or' | 'and' | '==' | '!=' | 'starts-with' | 'matches' | '>=' | '>' | '<=' | '<'

/** Offsets are into the expression's text. */
export type Expression =
  | { kind: 'literal'; value: string | number | boolean; start: number; end: number }
  | { kind: 'regex'; pattern: string; start: number; end: number }
  | { kind: 'variable'; name: string; start: number; end: number }
  | { kind: 'not'; operand: Expression; start: number; end: number }
  | { kind: 'binary'; operator: BinaryOperator; left: Expression; right: Expression; start: number; end: number }

export type ParsedExpression = { expression: Expression } | { fault: SyntaxFault }

type Variable = Extract<Expression, { kind: 'variable' }>

/** The variables of an expression in the order of the text. */
export function variablesOf(expression: Expression): Variable[] {
  if (expression.kind === 'variable') return [expression]
  if (expression.kind === 'not') return variablesOf(expression.operand)
  return expression.kind === 'binary' ? [...variablesOf(expression.left), ...variablesOf(expression.right)] : []
}

const maxDepth = 100
/** From the weakest to the strongest (spec: config-language.md 9.3). */
const levels: BinaryOperator[][] = [['or'], ['and'], ['==', '!='], ['starts-with', 'matches'], ['>=', '>', '<=', '<']]

class Fault extends Error {
  readonly fault: SyntaxFault

  constructor(fault: SyntaxFault) {
    super(fault.message)
    this.fault = fault
  }
}

/** Parses an expression; a fault carries the offsets of the offending token. */
export function parseExpression(text: string): ParsedExpression {
  const lexed = lexExpression(text)
  if ('fault' in lexed) return lexed
  try {
    return { expression: new Parser(lexed.tokens).whole() }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { fault: error.fault }
  }
}

class Parser {
  readonly #tokens: Token[]
  #at = 0
  #depth = 0

  constructor(tokens: Token[]) {
    this.#tokens = tokens
  }

  whole(): Expression {
    const expression = this.#level(0)
    if (this.#token.kind === 'end') return expression
    const call = this.#token.text === '('
    throw this.#fault(`unexpected ${this.#token.text}`, call ? 'there are no functions' : undefined)
  }

  get #token(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '', start: 0, end: 0 }
  }

  #level(level: number): Expression {
    const operators = levels[level]
    if (!operators) return this.#unary()
    let left = this.#level(level + 1)
    for (;;) {
      const operator = this.#operator(operators)
      if (!operator) return left
      const right = this.#level(level + 1)
      left = { kind: 'binary', operator, left, right, start: left.start, end: right.end }
      if (level === 3) return left
    }
  }

  #operator(among: BinaryOperator[]): BinaryOperator | undefined {
    const { kind, text } = this.#token
    const found = kind === 'operator' || kind === 'word' ? among.find((one) => one === text) : undefined
    if (found) this.#at++
    return found
  }

  #unary(): Expression {
    const { kind, text, start } = this.#token
    const negation = (kind === 'operator' && text === '!') || (kind === 'word' && text === 'not')
    if (!negation) return this.#primary()
    this.#at++
    const operand = this.#nested(() => this.#unary())
    return { kind: 'not', operand, start, end: operand.end }
  }

  #primary(): Expression {
    const token = this.#token
    const { kind, text, start, end } = token
    this.#at++
    if (kind === 'integer') return { kind: 'literal', value: Number(text), start, end }
    if (kind === 'string') return { kind: 'literal', value: text, start, end }
    if (kind === 'regex') return { kind: 'regex', pattern: text, start, end }
    if (kind === 'variable') return { kind: 'variable', name: text, start, end }
    if (kind === 'word' && (text === 'true' || text === 'false')) {
      return { kind: 'literal', value: text === 'true', start, end }
    }
    if (kind === 'paren' && text === '(') return this.#parenthesis()
    this.#at--
    if (kind === 'end') throw this.#fault('the expression ends too early')
    const function_ = kind === 'word' && this.#tokens[this.#at + 1]?.text === '('
    if (function_) throw this.#fault(`unexpected ${text}`, 'there are no functions')
    const hint =
      kind === 'word' ? 'text must be quoted; names of values have a dot, like pipeline.git.branch' : undefined
    throw this.#fault(`unexpected ${text}`, hint)
  }

  #parenthesis(): Expression {
    const inner = this.#nested(() => this.#level(0))
    if (this.#token.text !== ')' || this.#token.kind !== 'paren') throw this.#fault('a closing parenthesis is missing')
    this.#at++
    return inner
  }

  #nested(parse: () => Expression): Expression {
    if (++this.#depth > maxDepth) throw this.#fault('nested too deep')
    const result = parse()
    this.#depth--
    return result
  }

  #fault(message: string, hint?: string): Fault {
    const { start, end } = this.#token
    return new Fault({ message, start, end, ...(hint === undefined ? {} : { hint }) })
  }
}
