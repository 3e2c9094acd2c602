import type { Collector } from '../report/collector.ts'
import { cut, suggest } from '../report/suggest.ts'
import { type Element, type Env, isClosure, makeEnv, type Value } from '../scope/types.ts'
import { evaluate } from '../templates/evaluate.ts'
import { isNull, type YNode } from '../yaml/nodes.ts'
import type { Declaration } from './declaration.ts'
import { declarationsOf } from './declare.ts'
import { settleNull, typeProblem } from './types.ts'

/** Arguments as written at an invocation. */
export type Arguments = ReadonlyMap<string, Argument>

export interface Argument {
  key: YNode
  value: Value
}

export function declarations(element: Element): Map<string, Declaration> {
  element.declared ??= declarationsOf(element.node)
  return element.declared
}

/** The scope in which an element's defaults are evaluated: pipeline values only (6.6). */
export function definitionEnv(element: Element, caller: Env): Env {
  return makeEnv(caller.world, element.unit, caller.stack)
}

/**
 * Binds arguments to an element's declarations: caller's templates in the caller's scope, types strict (11.4).
 * Undefined when something is wrong; it has then been reported.
 */
export function bind(element: Element, args: Arguments, at: YNode, caller: Env, extraLegal: string[] = []) {
  const { report } = caller.world
  const declared = declarations(element)
  const before = report.errorCount
  reportUnexpected(args, declared, extraLegal, caller)
  const bound = new Map<string, Value>()
  const missing: string[] = []
  for (const declaration of declared.values()) {
    const argument = args.get(declaration.name)
    const value = argument && evaluateArgument(argument.value, declaration, caller)
    if (value && !(value.kind === 'scalar' && isNull(value) && !value.broken)) {
      checkType(declaration, value, at, caller, report)
      bound.set(declaration.name, toClosure(value, declaration, caller))
    } else if (declaration.default)
      bound.set(declaration.name, defaultValue(declaration.default, declaration, element, caller))
    else if (!misspelt(declaration.name, args, declared)) missing.push(declaration.name)
  }
  if (missing.length > 0) {
    report.add('C361', at, `Missing required argument(s): ${cut(missing.join(', '))}`, { stack: caller.stack })
  }
  return report.errorCount === before ? bound : undefined
}

/** More names than this are no slip of the pen, and comparing them would take long. */
const maxCompared = 50

/** Whether an argument that was told as unexpected is likely meant for a parameter. */
function misspelt(name: string, args: Arguments, declared: Map<string, Declaration>): boolean {
  if (args.size > maxCompared) return false
  return [...args.keys()].some((one) => !declared.has(one) && suggest(one, [name]).length > 0)
}

function reportUnexpected(args: Arguments, declared: Map<string, Declaration>, extra: string[], caller: Env): void {
  const unexpected: string[] = []
  for (const name of args.keys()) if (!declared.has(name)) unexpected.push(name)
  const [name] = unexpected
  const first = name === undefined ? undefined : args.get(name)
  if (!first) return
  unexpected.sort()
  const legal = [...declared.keys(), ...extra]
  const hint = unexpected
    .slice(0, maxCompared)
    .map((one) => caller.world.report.didYouMean(one, legal))
    .find((one) => one !== undefined)
  const message = `Unexpected argument(s): ${cut(unexpected.join(', '))}`
  caller.world.report.add('C360', first.key, message, { stack: caller.stack, ...(hint && { hint }) })
}

function evaluateArgument(value: Value, declaration: Declaration, caller: Env): Value {
  if (isClosure(value)) return value
  // Literal steps stay as written: they are evaluated where they are spliced, in the scope of the caller.
  if (declaration.type === 'steps' && value.kind !== 'scalar') return value
  return settleNull(evaluate(value, caller), declaration)
}

function toClosure(value: Value, declaration: Declaration, env: Env): Value {
  if (isClosure(value) || (value.kind === 'scalar' && value.broken)) return value
  if (declaration.type === 'steps') return { kind: 'steps', node: value, env }
  if (declaration.type === 'executor') return { kind: 'executor', node: value, env }
  return value
}

function defaultValue(node: YNode, declaration: Declaration, element: Element, caller: Env): Value {
  const env = definitionEnv(element, caller)
  return toClosure(evaluateArgument(node, declaration, env), declaration, env)
}

function checkType(declaration: Declaration, value: Value, at: YNode, caller: Env, report: Collector): void {
  const problem = typeProblem(declaration, value)
  if (!problem) return
  const node = isClosure(value) ? at : value
  const details = { stack: caller.stack, ...(problem.hint && { hint: problem.hint }) }
  if (problem.executorForm) {
    report.add('C411', node, executorForms, details)
    return
  }
  const { expected, found } = problem
  const message = `Type error for argument ${declaration.name}: expected type: ${expected}, actual value: ${found}`
  report.add('C362', node, message, details)
}

export const executorForms =
  'Unexpected executor invocation format; the value of `name` must be a string. Accepted forms: `executor: NAME`, `executor: {name: NAME}`, `executor: {name: NAME, argument: value}`'
