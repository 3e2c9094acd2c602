import { matchWithin, patternWithin, tookTooLong } from '../regex/match.ts'
import { type Env, nodeOf, type Value } from '../scope/types.ts'
import { evaluate, evaluateNode, hasTemplate } from '../templates/evaluate.ts'
import { lexTemplate } from '../templates/lex.ts'
import { isTruthy, textOf } from '../templates/text.ts'
import { get, isNull, items, type YNode } from '../yaml/nodes.ts'
import { isStatement, operators } from './check.ts'

/** What a statement and a compared value take of the time; a matrix can repeat long lists of them a thousand times. */
const costOfTruth = 4
const costOfValue = 16

/** The truth of a logic statement whose form was checked (spec: config-language.md 10). Everything is evaluated. */
export function evaluateLogic(node: YNode, env: Env): boolean {
  env.world.budget.spend(costOfTruth, node)
  if (node.kind === 'scalar') {
    warnMixed(node, env)
    return isTruthy(evaluate(node, env))
  }
  if (node.kind === 'seq') return true
  for (const [operator, { value }] of node.entries) return operate(operator, value, env)
  return false
}

/** Text with a template inside is always truthy, which is seldom what is meant (W910). */
export function warnMixed(node: YNode, env: Env): void {
  if (!env.world.modern || !hasTemplate(node)) return
  const parts = lexTemplate(node.value)
  if (parts.length < 2 || parts.some((part) => part.kind === 'unclosed')) return
  const message = '`<< >>` is mixed into other text; the whole string is text and always truthy'
  const hint = 'write the whole condition as one expression, or as a logic statement'
  env.world.report.add('W910', node, message, { stack: env.stack, hint })
}

function operate(operator: string, argument: YNode, env: Env): boolean {
  if (!operators.has(operator)) return true
  if (isNull(argument)) return operator === 'not'
  if (operator === 'not') return !evaluateLogic(argument, env)
  if (operator === 'matches') return matches(argument, env)
  const given = hasTemplate(argument) ? evaluateNode(argument, env) : argument
  if (operator === 'equal') return allEqual(items(given), env)
  const results = items(given).map((item) => evaluateLogic(item, env))
  if (operator === 'or') return results.some(Boolean)
  return results.every(Boolean)
}

function allEqual(values: YNode[], env: Env): boolean {
  const keys = values.map((value) => comparable(value, env))
  return keys.every((key) => key === keys[0])
}

/** A text that is the same for equal values: strict by type, but null equals the empty string (10.2). */
function comparable(node: YNode, env: Env): string {
  env.world.budget.spend(costOfValue, node)
  if (isStatement(node)) return canonical(evaluateLogic(node, env))
  const value: Value = evaluate(node, env)
  return canonicalNode(nodeOf(value), env)
}

function canonicalNode(node: YNode, env: Env): string {
  env.world.budget.spend(costOfValue, node)
  if (node.kind === 'scalar') return canonical(node.value)
  if (node.kind === 'seq') return `[${node.items.map((item) => canonicalNode(item, env)).join()}]`
  const entries = [...node.entries].map(([key, pair]) => `${JSON.stringify(key)}:${canonicalNode(pair.value, env)}`)
  return `{${entries.sort().join()}}`
}

function canonical(value: string | number | boolean | null): string {
  return value === null ? '""' : typeof value === 'number' ? `#${value}` : JSON.stringify(value)
}

function matches(argument: YNode, env: Env): boolean {
  const pattern = evaluateNode(get(argument, 'pattern') ?? argument, env)
  const value = evaluateNode(get(argument, 'value') ?? argument, env)
  const text = textOf(pattern)
  const { report } = env.world
  if (text === undefined) return false
  const compiled = patternWithin(env.world, text)
  if ('problem' in compiled) {
    const message = `Invalid or unsupported regular expression: ${compiled.problem}`
    report.add('C304', pattern, message, { stack: env.stack })
    return false
  }
  const subject = isNull(value) ? undefined : textOf(value)
  if (subject === undefined) return false
  const matched = matchWithin(env.world, compiled.pattern, subject)
  if (matched !== undefined) return matched
  report.add('C305', pattern, tookTooLong.message, { stack: env.stack, hint: tookTooLong.hint })
  return false
}
