import { calling, findElement, isKnown } from '../elements/find.ts'
import { emitYaml } from '../emit/yaml.ts'
import { type CompiledJob, compileJob, jobText } from '../jobs/compile.ts'
import { type Combination, expandMatrix, generatedName } from '../matrix/expand.ts'
import { type Argument, bind } from '../parameters/bind.ts'
import type { Scalar } from '../plan.ts'
import { cut } from '../report/suggest.ts'
import { type Element, type Env, nodeOf, type World, withMatrix } from '../scope/types.ts'
import { wrongType } from '../shape/shape.ts'
import { entryKeys } from '../shape/workflow.ts'
import { evaluateNode } from '../templates/evaluate.ts'
import { textOf } from '../templates/text.ts'
import {
  firstPair,
  get,
  getPresent,
  isBroken,
  isString,
  items,
  pairs,
  scalarAt,
  stringOf,
  type YNode,
} from '../yaml/nodes.ts'
import { readContexts } from './contexts.ts'
import { evaluateFilters } from './filters.ts'
import type { Invocation } from './invocation.ts'
import { readRequirements } from './requirements.ts'
import { serialKey } from './serial.ts'

/** One entry of a workflow's `jobs`: the job it names and what it says about it. */
export interface Entry {
  node: YNode
  /** Where the name of the job stands. */
  at: YNode
  reference: string
  body: YNode | undefined
}

/**
 * The entries of a list of jobs. The check of its form lets a template stand for it, but there is none that gives a list
 * here: that is reported.
 */
export function readEntries(jobs: YNode | undefined, env: Env): Entry[] {
  if (jobs?.kind === 'scalar') {
    const value = evaluateNode(jobs, env)
    if (!isBroken(value)) wrongType(value, 'list', { world: env.world, wildcards: false, stack: env.stack })
  }
  return items(jobs).flatMap((item) => readEntry(item) ?? [])
}

export function readEntry(node: YNode): Entry | undefined {
  if (isString(node)) return { node, at: node, reference: node.value, body: undefined }
  const pair = firstPair(node)
  if (!pair) return undefined
  const [reference, { key, value }] = pair
  return {
    node,
    at: { ...key, parent: node, key: reference },
    reference,
    body: value.kind === 'map' ? value : undefined,
  }
}

/** Compiles an entry to its invocations, one per matrix combination; what is wrong is reported (16.4). */
export function compileEntry(entry: Entry, workflow: string, env: Env): Invocation[] {
  const approval = stringOf(get(entry.body, 'type')) === 'approval'
  const definition = approval ? undefined : findDefinition(entry, env)
  if (approval) checkApproval(entry, env)
  else if (!definition) return []
  const matrix = getPresent(entry.body, 'matrix')
  if (!matrix) {
    const one = compileOne(entry, definition, undefined, workflow, env)
    return one ? [one] : []
  }
  const combinations = expandMatrix(matrix, env) ?? []
  const alias = textOf(evaluateNode(getPresent(matrix, 'alias') ?? scalarAt(matrix, entry.reference), env))
  const result: Invocation[] = []
  for (const combination of combinations) {
    const one = compileOne(entry, definition, combination, workflow, withMatrix(env, combination))
    if (!one) continue
    const values = [...combination].map(([name, value]): [string, Scalar] => [name, scalarOf(nodeOf(value))])
    one.matrix = { alias: alias ?? entry.reference, values: Object.fromEntries(values) }
    result.push(one)
  }
  return result
}

function scalarOf(node: YNode): Scalar {
  if (node.kind === 'scalar') return node.value ?? ''
  return textOf(get(node, 'name') ?? node) ?? emitYaml(node.kind)
}

/** The job an entry runs: another orb's where `override-with` says so and has it (16.10). */
function findDefinition(entry: Entry, env: Env): Element | undefined {
  const override = getPresent(entry.body, 'override-with')
  if (!isString(override)) return findElement('job', entry.reference, entry.at, env)
  const [alias = ''] = override.value.split('/')
  if (isKnown('job', override.value, env.unit)) return findElement('job', override.value, override, env)
  if (env.unit.orbs.has(alias)) return findElement('job', entry.reference, entry.at, env)
  const message = `Cannot find orb '${cut(alias)}' looking for ${cut(override.value)}`
  env.world.report.add('C401', override, message, { stack: env.stack })
  return undefined
}

function checkApproval(entry: Entry, env: Env): void {
  const { report } = env.world
  const { stack } = env
  const defined = isKnown('job', entry.reference, env.unit)
  if (defined) {
    const message = `Approval job ${cut(entry.reference)} has the name of a defined job; its steps will not run`
    report.add('W928', entry.at, message, { stack })
  }
  for (const [key, pair] of pairs(entry.body)) {
    if (['context', 'pre-steps', 'post-steps'].includes(key)) {
      report.add('W925', pair.key, `Key ${key} has no effect on an approval job`, { stack })
    } else if (!entryKeys.includes(key) && !defined) {
      const hint = report.didYouMean(key, entryKeys)
      report.add('C360', pair.key, `Unexpected argument(s): ${cut(key)}`, { stack, ...(hint && { hint }) })
    }
  }
}

function compileOne(
  entry: Entry,
  definition: Element | undefined,
  combination: Combination | undefined,
  workflow: string,
  env: Env,
): Invocation | undefined {
  const { body, reference } = entry
  const generated = combination ? generatedName(reference, combination) : reference
  const written = getPresent(body, 'name')
  const explicit = written && evaluateNode(written, env)
  const called = calling(env, 'job', reference, entry.at)
  const job = definition ? compileBody(entry, definition, combination, called) : gate('approval')
  const requires = readRequirements(getPresent(body, 'requires'), env)
  const contexts = definition ? readContexts(getPresent(body, 'context'), env) : []
  const filters = evaluateFilters(getPresent(body, 'filters'), called)
  const serialGroup = serialKey(getPresent(body, 'serial-group'), called)
  if (!job || isBroken(explicit)) return undefined
  const requested = (explicit && textOf(explicit)) || generated
  const invocation: Invocation = {
    workflow,
    entry: entry.at,
    definition: reference,
    requested,
    requires,
    contexts,
    filters,
    job,
    final: requested,
    dependencies: [],
  }
  if (serialGroup !== undefined) invocation.serialGroup = serialGroup
  return invocation
}

/** A job without a body. */
export function gate(type: 'approval' | 'no-op'): CompiledJob {
  return { type, text: jobText(type) }
}

function compileBody(
  entry: Entry,
  definition: Element,
  combination: Combination | undefined,
  env: Env,
): CompiledJob | undefined {
  const args = new Map<string, Argument>()
  if (entry.body?.kind === 'map') {
    for (const [key, pair] of entry.body.entries) if (!entryKeys.includes(key)) args.set(key, pair)
  }
  for (const [name, value] of combination ?? []) {
    const twice = args.get(name)
    if (twice) {
      env.world.report.add('C563', twice.key, `${cut(name)} is given both as matrix parameter and as argument`, {
        stack: env.stack,
      })
    }
    args.set(name, { key: nodeOf(value), value })
  }
  const before = getPresent(entry.body, 'pre-steps')
  const after = getPresent(entry.body, 'post-steps')
  const plain = args.size === 0 && !before && !after
  const known = plain ? plainJobs(env.world).get(definition) : undefined
  if (known) {
    env.world.budget.spend(known.text.length, entry.at)
    return known
  }
  const params = bind(definition, args, entry.at, env, entryKeys)
  if (!params) return undefined
  const extra = { before, after, env }
  const compiled = compileJob(definition, params, extra, entry.at, env)
  if (compiled && plain) plainJobs(env.world).set(definition, compiled)
  return compiled
}

const remembered = new WeakMap<World, Map<Element, CompiledJob>>()

/** Jobs used without arguments and extra steps: each use compiles to the same, and workflows repeat them often. */
function plainJobs(world: World): Map<Element, CompiledJob> {
  const known = remembered.get(world) ?? new Map<Element, CompiledJob>()
  remembered.set(world, known)
  return known
}
