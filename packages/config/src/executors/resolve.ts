import { calling, findElement } from '../elements/find.ts'
import { type Argument, bind, executorForms } from '../parameters/bind.ts'
import { type Env, isClosure, makeEnv, type Value, withStack } from '../scope/types.ts'
import { evaluate, evaluateNode } from '../templates/evaluate.ts'
import { get, getPresent, isBroken, isString, pairs, type YNode } from '../yaml/nodes.ts'

export const environmentKeys = ['docker', 'machine', 'macos'] as const
const sharedKeys = ['resource_class', 'shell', 'working_directory'] as const

export const placeKeys = [...environmentKeys, ...sharedKeys] as const

/** Evaluated keys of an executor or job that say where and how a job runs. */
export interface Place {
  /** Evaluated nodes of docker, machine, macos, resource_class, shell, working_directory. */
  keys: Map<string, YNode>
  /** `environment` blocks, later ones winning name by name. */
  environments: YNode[]
}

/** Evaluates the place keys of an element's body in its own scope. */
export function placeOf(body: YNode, env: Env): Place {
  const keys = new Map<string, YNode>()
  for (const key of placeKeys) {
    const node = key === 'docker' || key === 'machine' || key === 'macos' ? get(body, key) : getPresent(body, key)
    if (node) keys.set(key, evaluateNode(node, env))
  }
  const environment = getPresent(body, 'environment')
  return { keys, environments: environment ? [evaluateNode(environment, env)] : [] }
}

/** The job's keys over its executor's: whole values, but environment name by name (spec: config-language.md 12.4). */
export function overlay(executor: Place, job: Place): Place {
  const keys = new Map(executor.keys)
  if (environmentKeys.some((key) => job.keys.has(key))) for (const key of environmentKeys) keys.delete(key)
  for (const [key, node] of job.keys) keys.set(key, node)
  return { keys, environments: [...executor.environments, ...job.environments] }
}

/** Resolves the value of an `executor` key; undefined when it cannot be, which has then been reported. */
export function resolveExecutor(written: YNode, env: Env): Place | undefined {
  // An executor argument is looked up where it was written, a name in a string parameter where it is used.
  let value: Value = evaluateInvocation(written, env)
  let scope = env
  while (isClosure(value) && value.kind === 'executor') {
    scope = withStack(value.env, env.stack)
    value = evaluateInvocation(value.node, scope)
  }
  if (isClosure(value)) return reject(written, env)
  if (isBroken(value)) return undefined
  const name = isString(value) ? value : getName(value, scope)
  if (!name || isBroken(name)) return reject(value, env)
  if (!isString(name)) return reject(value, env)
  const element = findElement('executor', name.value, name, scope)
  if (!element) return undefined
  const called = calling(scope, 'executor', name.value, value)
  const args = new Map<string, Argument>()
  for (const [key, pair] of pairs(value)) if (key !== 'name') args.set(key, pair)
  const params = bind(element, args, value, called, ['name'])
  if (!params) return undefined
  return placeOf(element.node, makeEnv(env.world, element.unit, called.stack, params))
}

function evaluateInvocation(node: YNode, env: Env): Value {
  // Arguments inside the map form are bound, and so evaluated, one by one.
  return node.kind === 'map' ? node : evaluate(node, env)
}

function getName(node: YNode, env: Env): YNode | undefined {
  const name = get(node, 'name')
  return name && evaluateNode(name, env)
}

function reject(node: YNode, env: Env): undefined {
  if (!isBroken(node)) env.world.report.add('C411', node, executorForms, { stack: env.stack })
  return undefined
}
