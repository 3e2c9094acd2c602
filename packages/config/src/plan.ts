/**
 * The Plan: what everything after the compiler sees (config-language.md 22.2). Plain, serialisable data; every node
 * carries where it came from.
 */
import type { SourceRange } from './diagnostics.ts'

export type Scalar = string | number | boolean

export interface Plan {
  outcome: 'ok' | 'noWorkflows'
  workflows: PlanWorkflow[]
  schedules: { workflow: string; cron: string; branches: BranchFilter }[]
}

export interface BranchFilter {
  only?: string[]
  ignore?: string[]
}

export interface PlanWorkflow {
  name: string
  maxAutoReruns?: number
  /** Topological order, ties in document order. */
  jobs: PlanJob[]
  origin: SourceRange
}

export type RequiredStatus = 'success' | 'failed' | 'canceled' | 'unauthorized' | 'not_run'

export interface PlanJob {
  /** Final name. */
  name: string
  /** Element it came from: "build", "orb/job". */
  definition: string
  type: 'build' | 'approval' | 'no-op' | 'release' | 'lock' | 'unlock'
  requires: { job: string; statuses: RequiredStatus[] }[]
  contexts: string[]
  /** lock / unlock */
  serialKey?: string
  matrix?: Record<string, Scalar>
  synthetic?: 'serial-group' | 'job-group'
  /** Only for `type: build`. */
  spec?: BuildSpec
  release?: { planName: string; validation?: unknown }
  /** Position of the invocation. */
  origin: SourceRange
}

/** A compiled job body. */
export interface BuildSpec {
  executor: PlanExecutor
  /** As written, or absent for the installation's default. */
  resourceClass?: string
  parallelism: number
  /** Job map merged over the executor's map, key by key; values rendered as text. */
  environment: Record<string, string>
  shell?: string
  /** Verbatim; default `~/project`. */
  workingDirectory: string
  steps: PlanStep[]
  ipRanges: boolean
  retention?: { caches?: string }
}

export interface PlanImage {
  image: string
  name?: string
  entrypoint?: string[]
  command?: string[]
  user?: string
  environment: Record<string, string>
  /** Values may hold `$NAME` references, expanded at run time (execution.md 4.5). */
  auth?: { username: string; password: string }
  awsAuth?: Record<string, string>
  gcpAuth?: Record<string, string>
}

export type PlanExecutor =
  | { type: 'docker'; images: PlanImage[] }
  | { type: 'machine'; image: string; dockerLayerCaching: boolean }
  | { type: 'macos'; xcode: string }

/** Links from the outermost (the job's step) to the innermost (the command or orb line that holds the step). */
export interface StepOrigin {
  file: string
  line: number
  column: number
  what?: string
}

interface StepBase {
  name: string
  when?: 'always' | 'on_success' | 'on_fail'
  origin: StepOrigin[]
}

/** Same shapes as the protocol's Step: the agent's vocabulary (execution.md 10.1). Times are seconds. */
export type PlanStep = StepBase &
  (
    | {
        kind: 'run'
        command: string
        shell?: string
        environment: Record<string, string>
        background: boolean
        deploy?: boolean
        workingDirectory?: string
        noOutputTimeoutS?: number
        maxAutoReruns?: number
        autoRerunDelayS?: number
      }
    | { kind: 'checkout'; method: 'blobless' | 'full'; path?: string }
    | { kind: 'save_cache'; key: string; paths: string[] }
    | { kind: 'restore_cache'; keys: string[] }
    | { kind: 'persist_to_workspace'; root: string; paths: string[] }
    | { kind: 'attach_workspace'; at: string }
    | { kind: 'store_artifacts'; path: string; destination?: string }
    | { kind: 'store_test_results'; path: string }
    | { kind: 'setup_remote_docker'; version?: string; dockerLayerCaching: boolean }
    | { kind: 'add_ssh_keys'; fingerprints: string[] }
  )
