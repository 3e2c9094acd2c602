import { calling, findElement, isKnown } from '../elements/find.ts'
import { evaluateLogic } from '../logic/evaluate.ts'
import { type Arguments, bind } from '../parameters/bind.ts'
import type { StepOrigin } from '../plan.ts'
import { cut } from '../report/suggest.ts'
import { type Element, type Env, isClosure, makeEnv, nodeOf, type World, withStack } from '../scope/types.ts'
import type { ShapeContext } from '../shape/shape.ts'
import { containsTemplate, evaluate, evaluateNode } from '../templates/evaluate.ts'
import {
  emptyMapAt,
  firstPair,
  get,
  isBroken,
  isNull,
  isString,
  makeMap,
  typeName,
  type YMap,
  type YNode,
} from '../yaml/nodes.ts'
import { type CompiledStep, normaliseStep } from './normalise.ts'
import { builtins, legacyName } from './vocabulary.ts'

const maxCommandDepth = 100

/**
 * Expands steps to built-in ones: commands inlined, conditions decided, lists of steps spliced (spec: config-language.md
 * 13, 14). `chain` holds the places that led here, outermost first.
 */
export function expandSteps(written: YNode, env: Env, chain: StepOrigin[], out: CompiledStep[]): void {
  const value = evaluateList(written, env)
  if (isClosure(value)) {
    if (value.kind === 'executor') {
      notSteps(written, 'executor', env)
      return
    }
    expandSteps(value.node, withStack(value.env, env.stack), chain, out)
    return
  }
  if (isBroken(value)) return
  if (value.kind !== 'seq') {
    notSteps(value, typeName(value), env)
    return
  }
  for (const step of value.items) expandStep(step, env, chain, out)
}

/** A literal list stays unevaluated: each step is evaluated on its own. */
function evaluateList(node: YNode, env: Env) {
  return node.kind === 'scalar' ? evaluate(node, env) : node
}

function notSteps(node: YNode, found: string, env: Env): void {
  env.world.report.add('C202', node, `expected type: list of steps, found: ${found}`, { stack: env.stack })
}

function expandStep(step: YNode, env: Env, chain: StepOrigin[], out: CompiledStep[]): void {
  // About what a step takes of the memory, in characters; deep chains cost more: each step carries its whole way here.
  env.world.budget.spend(512 + 16 * chain.length, step)
  if (step.kind === 'scalar') {
    expandBare(step, env, chain, out)
    return
  }
  if (step.kind === 'map' && !env.world.modern && step.entries.size > 1) {
    expandTyped(step, env, chain, out)
    return
  }
  const entry = step.kind === 'map' && step.entries.size === 1 ? firstPair(step) : undefined
  if (!entry) {
    const message = `A step must be a string or a map, found ${typeName(step)}`
    env.world.report.add('C221', step, message, { stack: env.stack })
    return
  }
  const [name, { value }] = entry
  if (name === 'steps') {
    expandSteps(value, env, [...chain, originOf(step, 'steps')], out)
    return
  }
  if (name === 'when' || name === 'unless') {
    expandConditional(name, value, env, chain, out)
    return
  }
  expandNamed(name, value, step, env, chain, out)
}

/** `- name`, or `- << parameters.steps >>`, which splices like `steps:` does. */
function expandBare(step: YNode, env: Env, chain: StepOrigin[], out: CompiledStep[]): void {
  const value = evaluate(step, env)
  if (isClosure(value) && value.kind === 'steps') {
    expandSteps(value.node, withStack(value.env, env.stack), [...chain, originOf(step, 'steps')], out)
    return
  }
  const name = nodeOf(value)
  if (isBroken(name)) return
  if (isString(name)) {
    expandNamed(name.value, undefined, step, env, chain, out)
    return
  }
  const message = `A step must be a string or a map, found ${typeName(name)}`
  env.world.report.add('C221', step, message, { stack: env.stack })
}

/** The `{type: run, command: …}` form of version 2.0. */
function expandTyped(step: YMap, env: Env, chain: StepOrigin[], out: CompiledStep[]): void {
  const type = get(step, 'type')
  const rest = new Map([...step.entries].filter(([key]) => key !== 'type'))
  if (isString(type)) expandNamed(type.value, makeMap(step, rest), step, env, chain, out)
}

function expandConditional(
  word: 'when' | 'unless',
  body: YNode,
  env: Env,
  chain: StepOrigin[],
  out: CompiledStep[],
): void {
  const condition = get(body, 'condition')
  const steps = get(body, 'steps')
  if (!condition || !steps) return
  if (isNull(condition) && !isBroken(condition)) {
    env.world.report.add('W911', condition, '`condition` is null, which is falsy', { stack: env.stack })
  }
  const truth = evaluateLogic(condition, env)
  if (truth !== (word === 'when')) {
    warnDangling(steps, env)
    return
  }
  const inner = [...chain, originOf(body, word)]
  if (steps.kind === 'map') expandStep(steps, env, inner, out)
  else expandSteps(steps, env, inner, out)
}

function expandNamed(
  name: string,
  value: YNode | undefined,
  step: YNode,
  env: Env,
  chain: StepOrigin[],
  out: CompiledStep[],
): void {
  const builtin = env.world.modern ? name : legacyName(name)
  if (isCommand(name, env) || !builtins.has(builtin)) {
    expandCommand(name, value, step, env, chain, out)
    return
  }
  const origin = [...chain, originOf(step)]
  const literal = containsTemplate(step) ? undefined : literalSteps(env.world)
  const known = literal?.get(step)
  if (known) {
    env.world.budget.spend(known.text.length, step)
    const { kind, text, args, plan } = known
    out.push(plan ? { kind, text, args, plan: { ...plan, origin } } : known)
    return
  }
  const compiled = compileBuiltin(builtin, value, step, origin, env)
  if (!compiled) return
  if (literal) {
    literal.set(step, compiled)
    env.world.budget.spend(compiled.text.length, step)
  }
  out.push(compiled)
}

const remembered = new WeakMap<World, Map<YNode, CompiledStep>>()

/** Steps without templates: each use compiles to the same, and jobs repeat them through commands and anchors. */
function literalSteps(world: World): Map<YNode, CompiledStep> {
  const known = remembered.get(world) ?? new Map<YNode, CompiledStep>()
  remembered.set(world, known)
  return known
}

/** Checks and compiles a built-in step; undefined when something is wrong, which has then been reported. */
function compileBuiltin(
  name: string,
  value: YNode | undefined,
  step: YNode,
  origin: StepOrigin[],
  env: Env,
): CompiledStep | undefined {
  const given = value && !isNull(value) ? evaluateNode(value, env) : emptyMapAt(step)
  if (isBroken(given)) return undefined
  const context: ShapeContext = { world: env.world, wildcards: false, stack: env.stack }
  const before = env.world.report.errorCount
  builtins.get(name)?.shape(given, context)
  if (env.world.report.errorCount > before) return undefined
  if (name === 'deploy') {
    const hint = 'use a `run` step in a job of its own'
    env.world.report.add('W923', step, '`deploy` step is deprecated', { stack: env.stack, hint })
  }
  return normaliseStep(name, given, origin, env)
}

/** Whether a name means a command here; in the body of a command named like a built-in it means the built-in (5.2). */
function isCommand(name: string, env: Env): boolean {
  if (name.includes('/')) return true
  if (!env.unit.commands.has(name)) return false
  const inside = env.commands?.command
  return !(builtins.has(name) && inside?.name === name && inside.unit === env.unit)
}

const noArguments: Arguments = new Map()

function expandCommand(
  name: string,
  value: YNode | undefined,
  step: YNode,
  env: Env,
  chain: StepOrigin[],
  out: CompiledStep[],
): void {
  const element = findElement('command', name, step, env)
  if (!element) return
  if (isRecursive(element, step, env)) return
  const args = value?.kind === 'map' ? value.entries : noArguments
  const called = calling(env, 'command', name, step)
  const params = bind(element, args, step, called)
  const steps = get(element.node, 'steps')
  if (!params || !steps) return
  const commands = { command: element, depth: (env.commands?.depth ?? 0) + 1, outer: env.commands }
  const inner = makeEnv(env.world, element.unit, called.stack, params, commands)
  expandSteps(steps, inner, [...chain, originOf(step, `command ${name}`)], out)
}

function isRecursive(element: Element, step: YNode, env: Env): boolean {
  const names = [element.name]
  let found = (env.commands?.depth ?? 0) >= maxCommandDepth
  for (let at = env.commands; at && !found; at = at.outer) {
    names.unshift(at.command.name)
    found = at.command.node === element.node
  }
  if (!found) return false
  const message = `Command ${element.name} calls itself: ${cut(names.join(' → '))}`
  env.world.report.add('C403', step, message, { stack: env.stack })
  return true
}

export function originOf(node: YNode, what?: string): StepOrigin {
  const { line, column } = node.source.pos(node.start)
  const { file } = node.source
  return what === undefined ? { file, line, column } : { file, line, column, what }
}

/** What a step that is only looked at takes of the time; a matrix can repeat long lists of them a thousand times. */
const costOfLook = 8

/** Warns of unknown commands in steps that are never expanded (W904). */
export function warnDangling(steps: YNode, env: Env): void {
  const list = steps.kind === 'seq' ? steps.items : [steps]
  env.world.budget.spend(costOfLook * list.length, steps)
  for (const step of list) {
    const entry = firstPair(step)
    const name = isString(step) ? step.value : entry?.[0]
    const value = entry?.[1].value
    if (name === undefined || name.includes('<<')) continue
    if (name === 'steps' && value) warnDangling(value, env)
    const body = name === 'when' || name === 'unless' ? get(value, 'steps') : undefined
    if (body) warnDangling(body, env)
    if (name === 'steps' || body || builtins.has(env.world.modern ? name : legacyName(name))) continue
    if (isKnown('command', name, env.unit)) continue
    const message = `Cannot find a definition for command named ${cut(name)}; it is never used`
    env.world.report.add('W904', step, message, { stack: env.stack })
  }
}
