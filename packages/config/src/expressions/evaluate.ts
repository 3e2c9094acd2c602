import { matchWithin, patternWithin, tookTooLong } from '../regex/match.ts'
import type { Pattern } from '../regex/regex.ts'
import type { Code } from '../report/catalogue.ts'
import { type Env, isClosure, type Value } from '../scope/types.ts'
import { lookUp } from '../templates/references.ts'
import { isTruthy } from '../templates/text.ts'
import { scalarAt, typeName, type YScalar } from '../yaml/nodes.ts'
import type { BinaryOperator, Expression } from './parse.ts'

/** Offsets are into the expression's text. */
export interface ExpressionFault {
  code: Code
  message: string
  start: number
  end: number
  hint?: string
}

export type Evaluated = { value: Value } | { fault: ExpressionFault }

class Fault extends Error {
  readonly fault: ExpressionFault

  constructor(fault: ExpressionFault) {
    super(fault.message)
    this.fault = fault
  }
}

/**
 * Evaluates an expression (spec: config-language.md 9.4, 9.5). Unknown names and bad patterns are faults even in parts
 * that evaluation would not reach; wrong types and undefined values only where it does.
 */
export function evaluateExpression(expression: Expression, env: Env, at: YScalar): Evaluated {
  const evaluator = new Evaluator(env, at)
  try {
    evaluator.checkNames(expression)
    return { value: evaluator.value(expression) }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { fault: error.fault }
  }
}

class Evaluator {
  readonly #env: Env
  readonly #at: YScalar

  constructor(env: Env, at: YScalar) {
    this.#env = env
    this.#at = at
  }

  checkNames(expression: Expression): void {
    if (expression.kind === 'variable') {
      const found = lookUp(expression.name, this.#env, this.#at)
      if ('fault' in found) throw this.#fault(found.fault.code, found.fault.message, expression, found.fault.hint)
    }
    if (expression.kind === 'not') this.checkNames(expression.operand)
    if (expression.kind !== 'binary') return
    this.checkNames(expression.left)
    this.checkNames(expression.right)
    if (expression.operator === 'matches' && expression.right.kind !== 'regex') {
      const { right } = expression
      const hint = right.kind === 'literal' ? `write matches /${right.value}/` : undefined
      throw this.#fault('C302', 'The right side of `matches` must be a /regex/', right, hint)
    }
    if (expression.operator === 'matches') this.#pattern(expression.right)
  }

  value(expression: Expression): Value {
    switch (expression.kind) {
      case 'literal':
        return this.#scalar(expression.value)
      case 'regex':
        throw this.#fault('C301', 'Expression syntax error: a regex can stand only behind `matches`', expression)
      case 'variable':
        return this.#variable(expression)
      case 'not':
        return this.#scalar(!isTruthy(this.value(expression.operand)))
      case 'binary':
        return this.#binary(expression)
    }
  }

  #variable(expression: Extract<Expression, { kind: 'variable' }>): Value {
    const found = lookUp(expression.name, this.#env, this.#at)
    if ('value' in found) return found.value
    const message = `${expression.name} has no value in this pipeline; guard it with a test of pipeline.event.name`
    throw this.#fault('C324', message, expression, 'for example: pipeline.event.name == "pull_request" and …')
  }

  #binary(expression: Extract<Expression, { kind: 'binary' }>): Value {
    const { operator } = expression
    const left = this.value(expression.left)
    if (operator === 'or') return isTruthy(left) ? left : this.value(expression.right)
    if (operator === 'and') return isTruthy(left) ? this.value(expression.right) : left
    if (operator === 'matches') return this.#scalar(this.#matches(left, expression))
    const right = this.value(expression.right)
    if (operator === '==') return this.#scalar(sameScalar(left, right))
    if (operator === '!=') return this.#scalar(!sameScalar(left, right))
    if (operator === 'starts-with') return this.#scalar(this.#startsWith(left, right, expression))
    return this.#scalar(this.#compare(operator, left, right, expression))
  }

  #matches(left: Value, expression: Extract<Expression, { kind: 'binary' }>): boolean {
    const text = this.#text(left, 'matches', expression)
    if (text === undefined) return false
    const pattern = this.#pattern(expression.right)
    if (!pattern) return false
    const matched = matchWithin(this.#env.world, pattern, text)
    if (matched === undefined) throw this.#fault('C305', tookTooLong.message, expression.right, tookTooLong.hint)
    return matched
  }

  #pattern(expression: Expression): Pattern | undefined {
    if (expression.kind !== 'regex') return undefined
    const compiled = patternWithin(this.#env.world, expression.pattern)
    if ('pattern' in compiled) return compiled.pattern
    throw this.#fault('C304', `Invalid or unsupported regular expression: ${compiled.problem}`, expression)
  }

  #startsWith(left: Value, right: Value, expression: Expression): boolean {
    const text = this.#text(left, 'starts-with', expression)
    const start = this.#text(right, 'starts-with', expression)
    return text !== undefined && start !== undefined && text.startsWith(start)
  }

  /** A string operand; undefined for null, which starts with and matches nothing. */
  #text(value: Value, operator: string, expression: Expression): string | undefined {
    if (value.kind === 'scalar' && typeof value.value === 'string') return value.value
    if (value.kind === 'scalar' && value.value === null) return undefined
    const negated = expression.kind === 'binary' && expression.left.kind === 'not'
    const hint = negated ? `\`not\` binds tightest: write not (… ${operator} …)` : undefined
    throw this.#fault('C303', `Operator ${operator} needs string operands, found ${kindOf(value)}`, expression, hint)
  }

  #compare(operator: BinaryOperator, left: Value, right: Value, expression: Expression): boolean {
    const a = this.#integer(left, operator, expression)
    const b = this.#integer(right, operator, expression)
    if (operator === '>') return a > b
    if (operator === '>=') return a >= b
    return operator === '<' ? a < b : a <= b
  }

  #integer(value: Value, operator: string, expression: Expression): number {
    if (value.kind === 'scalar' && typeof value.value === 'number') return value.value
    throw this.#fault('C303', `Operator ${operator} needs integer operands, found ${kindOf(value)}`, expression)
  }

  #scalar(value: string | number | boolean): YScalar {
    return scalarAt(this.#at, value, { substituted: true })
  }

  #fault(code: Code, message: string, { start, end }: { start: number; end: number }, hint?: string): Fault {
    return new Fault({ code, message, start, end, ...(hint === undefined ? {} : { hint }) })
  }
}

function sameScalar(a: Value, b: Value): boolean {
  return a.kind === 'scalar' && b.kind === 'scalar' && a.value === b.value
}

function kindOf(value: Value): string {
  return isClosure(value) ? value.kind : typeName(value)
}
