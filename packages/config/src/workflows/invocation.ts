import type { CompiledJob } from '../jobs/compile.ts'
import type { PlanJob, RequiredStatus, Scalar } from '../plan.ts'
import type { YNode } from '../yaml/nodes.ts'
import type { Filters } from './filters.ts'

/** A requirement as written, templates evaluated. */
export interface Requirement {
  node: YNode
  name: string
  statuses: RequiredStatus[]
}

/** Which part of which invocation of a job group an invocation is. */
export interface GroupPart {
  /** Shared by all parts of one invocation. */
  instance: { name: string; definition: string }
  role: 'start' | 'member' | 'end' | 'unlock'
  /** The name by which members of the group know a member; of a boundary job, the name of the invocation. */
  local: string
}

/** One job of one workflow, after matrix expansion. */
export interface Invocation {
  workflow: string
  entry: YNode
  /** What the entry names: "build", "orb/job". */
  definition: string
  /** Explicit, generated or own name, before numbering (16.12). */
  requested: string
  /** The matrix it belongs to, by the matrix' alias; shared by its members. */
  matrix?: { alias: string; values: Record<string, Scalar> }
  requires: Requirement[]
  contexts: string[]
  filters: Filters
  serialGroup?: string
  job: CompiledJob
  synthetic?: PlanJob['synthetic']
  group?: GroupPart
  /** Set by naming. */
  final: string
  /** Set by the resolution of `requires`. */
  dependencies: { on: Invocation; statuses: RequiredStatus[] }[]
}

export interface CompiledWorkflow {
  name: string
  node: YNode
  maxAutoReruns?: number
  invocations: Invocation[]
}
