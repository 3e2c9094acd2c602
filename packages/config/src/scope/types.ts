import type { CompileOptions } from '../compile-types.ts'
import type { Declaration } from '../parameters/declaration.ts'
import type { Scalar } from '../plan.ts'
import type { Collector, StackLink } from '../report/collector.ts'
import type { YMap, YNode, YScalar } from '../yaml/nodes.ts'
import { Budget } from './budget.ts'

/** Steps or an executor handed over as an argument: evaluated and looked up where they are written (6.7). */
export interface Closure {
  kind: 'steps' | 'executor'
  node: YNode
  env: Env
}

/** What a template, an argument or a parameter can hold. */
export type Value = YNode | Closure

export type ElementKind = 'job' | 'command' | 'executor'

export interface Element {
  kind: ElementKind
  name: string
  key: YScalar
  node: YNode
  unit: Unit
  /** Its parameters, once they were asked for. */
  declared: Map<string, Declaration> | undefined
}

/** A scope of names: the config itself or one orb body (5.2). */
export interface Unit {
  /** The config's file name, or "orb:NS/ORB@1.2.3", or the alias path of an inline orb. */
  name: string
  isConfig: boolean
  root: YMap
  jobs: Map<string, Element>
  commands: Map<string, Element>
  executors: Map<string, Element>
  orbs: Map<string, Unit>
  /** Aliases whose orb could not be had; already reported. */
  missingOrbs: Set<string>
  /** Its definitions were checked, there was nothing to report, and there would not be in any other pipeline. */
  faultless: boolean
}

/** What one compile shares: inputs, switches and the report. */
export interface World {
  report: Collector
  options: CompileOptions
  budget: Budget
  /** Templates, expressions and 2.1 keys are interpreted (version 2.1, or 2.0 read as 2.1). */
  modern: boolean
  pipelineValues: Readonly<Record<string, Scalar | null>>
  pipelineParameters: ReadonlyMap<string, YNode>
  /** Which of branch and tag the pipeline is on; empty text counts as none. */
  ref: { branch: string | undefined; tag: string | undefined }
  /** Milliseconds that patterns have taken. */
  patternMs: number
}

/** What a compile begins with; pipeline parameters are bound later. */
export function makeWorld(
  report: Collector,
  options: CompileOptions,
  modern: boolean,
  pipelineValues: World['pipelineValues'],
): World {
  return {
    report,
    options,
    budget: new Budget(report),
    modern,
    pipelineValues,
    pipelineParameters: new Map(),
    ref: { branch: given(pipelineValues, 'pipeline.git.branch'), tag: given(pipelineValues, 'pipeline.git.tag') },
    patternMs: 0,
  }
}

function given(values: World['pipelineValues'], name: string): string | undefined {
  const value = Object.hasOwn(values, name) ? values[name] : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A chain of the commands whose bodies are being expanded, innermost first. */
export interface CommandLink {
  command: Element
  depth: number
  outer: CommandLink | undefined
}

/** What is in scope at one place (6.7). `params` and `matrix` are absent where there are none. */
export interface Env {
  world: World
  unit: Unit
  params: ReadonlyMap<string, Value> | undefined
  matrix: ReadonlyMap<string, Value> | undefined
  stack: StackLink | undefined
  commands: CommandLink | undefined
}

/** A scope of names. As nodes do, scopes have their fields in one order. */
export function makeEnv(
  world: World,
  unit: Unit,
  stack?: StackLink,
  params?: ReadonlyMap<string, Value>,
  commands?: CommandLink,
): Env {
  return { world, unit, params, matrix: undefined, stack, commands }
}

/** The same scope, reached by other calls. */
export function withStack({ world, unit, params, matrix, commands }: Env, stack: StackLink | undefined): Env {
  return { world, unit, params, matrix, stack, commands }
}

/** The same scope with the values of one combination of a matrix. */
export function withMatrix({ world, unit, params, stack, commands }: Env, matrix: ReadonlyMap<string, Value>): Env {
  return { world, unit, params, matrix, stack, commands }
}

export function isClosure(value: Value): value is Closure {
  return value.kind === 'steps' || value.kind === 'executor'
}

/** The node under a value: closures lose their scope. */
export function nodeOf(value: Value): YNode {
  return isClosure(value) ? value.node : value
}
