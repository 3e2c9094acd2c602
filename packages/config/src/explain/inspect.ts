import { compileTraced } from '../compile.ts'
import type { CompileInput, CompileResult } from '../compile-types.ts'
import { type CompiledView, viewOf } from '../diff/view.ts'
import { type ExplainedJob, explainJobs, jobNames } from './explain.ts'
import { type PathFilter, pathFilters } from './path-filters.ts'
import { type WorkflowVerdict, whyJob } from './why.ts'

/** A compile that can be asked about its result. */
export interface Inspection {
  result: CompileResult
  /** Where everything in the jobs of this name came from. */
  explain(job: string): ExplainedJob[]
  /** Why a job of this name would or would not run in this pipeline. */
  why(job: string): WorkflowVerdict[]
  /** Pipeline parameters that path-filtering jobs would set for these changed files. */
  pathFilters(changed: readonly string[]): PathFilter[]
  /** Names of the jobs in workflows that run. */
  jobs: string[]
  /** What the config means, for comparing. */
  view: CompiledView
}

/** Like `compile`, but keeps what is needed to explain the result. */
export async function inspect(input: CompileInput): Promise<Inspection> {
  const { result, trace } = await compileTraced(input)
  return {
    result,
    explain: (job) => (trace && result.ok ? explainJobs(trace, job) : []),
    why: (job) => (trace && result.ok ? whyJob(trace, job) : []),
    pathFilters: (changed) => (trace && result.ok ? pathFilters(trace, changed) : []),
    jobs: trace ? jobNames(trace) : [],
    view: trace && result.ok ? viewOf(trace) : new Map(),
  }
}
