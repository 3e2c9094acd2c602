import { evaluateExpression } from '../expressions/evaluate.ts'
import { type Expression, parseExpression, variablesOf } from '../expressions/parse.ts'
import { evaluateLogic } from '../logic/evaluate.ts'
import { cut } from '../report/suggest.ts'
import { type Env, nodeOf } from '../scope/types.ts'
import { evaluate } from '../templates/evaluate.ts'
import { lookUp } from '../templates/references.ts'
import { isTruthy, textOf } from '../templates/text.ts'
import { isNull, isString, items, type YNode, type YScalar } from '../yaml/nodes.ts'
import { type Place, placeOf } from './values.ts'

/** A condition or a part of one, with its truth in this pipeline. */
export interface ConditionPart {
  text: string
  value: boolean
  place: Place
  /** The values of the variables in it: `pipeline.git.branch` is `main`. */
  variables: Record<string, string>
  parts: ConditionPart[]
}

/** A workflow's condition or an expression of filters, part by part (spec: config-language.md 9, 10, 16.2). */
export function explainCondition(node: YNode, env: Env): ConditionPart {
  if (isString(node) && node.value !== '' && !node.value.includes('<<')) {
    const parsed = parseExpression(node.value)
    if ('expression' in parsed) return expressionPart(parsed.expression, node.value, node, env)
  }
  return logicPart(node, env)
}

function logicPart(node: YNode, env: Env): ConditionPart {
  const place = placeOf(node)
  if (node.kind !== 'map') {
    const value = nodeOf(evaluate(node, env))
    const given = textOf(value) ?? value.kind
    const written = node.kind === 'scalar' ? node.text : node.kind
    const variables = written === given ? {} : { [cut(written)]: cut(given) }
    return { text: cut(written), value: isTruthy(value), place, variables, parts: [] }
  }
  const [operator = '', pair] = [...node.entries][0] ?? []
  const argument = pair?.value
  const inner = argument && !isNull(argument) ? argument : undefined
  const isStatements = operator === 'and' || operator === 'or'
  const parts = isStatements ? items(inner).map((one) => logicPart(one, env)) : []
  if (operator === 'not' && inner) parts.push(logicPart(inner, env))
  const compared = isStatements || operator === 'not' || !inner ? [] : operands(inner, env)
  const text = compared.length > 0 ? `${operator}: ${compared.map(({ written }) => written).join(', ')}` : operator
  const variables = Object.fromEntries(
    compared.filter(({ written, value }) => written !== value).map(({ written, value }) => [written, value]),
  )
  return { text: cut(text), value: evaluateLogic(node, env), place, variables, parts }
}

/** What `equal` and `matches` compare. */
function operands(node: YNode, env: Env): { written: string; value: string }[] {
  const list = node.kind === 'map' ? [...node.entries.values()].map((pair) => pair.value) : items(node)
  return list.map((one) => {
    const value = nodeOf(evaluate(one, env))
    const written = one.kind === 'scalar' ? cut(one.text) : one.kind
    return { written, value: value.kind === 'scalar' ? cut(textOf(value) ?? '') : value.kind }
  })
}

function expressionPart(expression: Expression, text: string, node: YScalar, env: Env): ConditionPart {
  const result = evaluateExpression(expression, env, node)
  const joined = expression.kind === 'binary' && (expression.operator === 'and' || expression.operator === 'or')
  const inner = joined ? [expression.left, expression.right] : expression.kind === 'not' ? [expression.operand] : []
  return {
    text: cut(closed(text.slice(expression.start, expression.end).trim())),
    value: 'value' in result && isTruthy(result.value),
    place: placeOf(node),
    variables: inner.length > 0 ? {} : variablesIn(expression, node, env),
    parts: inner.map((one) => expressionPart(one, text, node, env)),
  }
}

/** Grouping is no part of an expression's extent at its end: closes what the text opens. */
function closed(text: string): string {
  const open = text.split('(').length - text.split(')').length
  return `${text}${')'.repeat(Math.max(0, open))}`
}

function variablesIn(expression: Expression, node: YScalar, env: Env): Record<string, string> {
  return Object.fromEntries(
    variablesOf(expression).map(({ name }) => {
      const found = lookUp(name, env, node)
      if (!('value' in found)) return [name, 'without a value']
      return [
        name,
        nodeOf(found.value).kind === 'scalar' && isNull(nodeOf(found.value))
          ? 'null'
          : JSON.stringify(cut(textOf(found.value) ?? '')),
      ]
    }),
  )
}
