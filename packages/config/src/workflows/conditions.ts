import { evaluateExpression } from '../expressions/evaluate.ts'
import { parseExpression } from '../expressions/parse.ts'
import { checkLogic } from '../logic/check.ts'
import { evaluateLogic, warnMixed } from '../logic/evaluate.ts'
import type { Env } from '../scope/types.ts'
import { evaluate, hasTemplate } from '../templates/evaluate.ts'
import { partRange } from '../templates/position.ts'
import { isTruthy } from '../templates/text.ts'
import { get, isNull, type YMap, type YNode, type YScalar } from '../yaml/nodes.ts'

/** Whether a workflow's `when` or `unless` lets it run (spec: config-language.md 16.2). */
export function survives(workflow: YMap, env: Env): boolean {
  const when = get(workflow, 'when')
  if (when) return condition(when, 'when', env)
  const unless = get(workflow, 'unless')
  return unless ? !condition(unless, 'unless', env) : true
}

function condition(node: YNode, word: string, env: Env): boolean {
  const { report } = env.world
  if (node.kind === 'map') return statement(node, word, env)
  if (node.kind === 'seq') {
    checkLogic(node, env.world, env.stack)
    return false
  }
  if (isNull(node)) {
    report.add('W911', node, `\`${word}\` is null, which is falsy`, { stack: env.stack, hint: 'check the indentation' })
    return false
  }
  if (typeof node.value !== 'string' || node.value === '') return isTruthy(node)
  return directExpression(node, env) ?? false
}

function statement(node: YMap, word: string, env: Env): boolean {
  const misplaced = node.entries.get('condition')
  if (misplaced) {
    const message = `\`condition\` is used only in steps; put the statement directly under \`${word}\``
    env.world.report.add('C345', misplaced.key, message, { stack: env.stack })
    return false
  }
  const before = env.world.report.errorCount
  checkLogic(node, env.world, env.stack)
  return env.world.report.errorCount === before && evaluateLogic(node, env)
}

/**
 * The truth of a string that is an expression by itself, or a template (9.1); undefined when it is faulty, which has
 * then been reported.
 */
export function directExpression(node: YScalar, env: Env): boolean | undefined {
  const text = String(node.value)
  if (env.world.modern && hasTemplate(node)) {
    warnMixed(node, env)
    return isTruthy(evaluate(node, env))
  }
  const parsed = parseExpression(text)
  if ('fault' in parsed) {
    const { message, start, end, hint } = parsed.fault
    const details = { stack: env.stack, range: partRange(node, text, start, end), ...(hint && { hint }) }
    env.world.report.add('C301', node, `Expression syntax error: ${message}`, details)
    return undefined
  }
  const result = evaluateExpression(parsed.expression, env, node)
  if ('value' in result) return isTruthy(result.value)
  const { code, message, start, end, hint } = result.fault
  const details = { stack: env.stack, range: partRange(node, text, start, end), ...(hint && { hint }) }
  env.world.report.add(code, node, message, details)
  return undefined
}
