import { isEndedWorkflow, type JobStatus, type WorkflowStatus } from '@orrery/protocol'

/** Reruns of one workflow in one pipeline, reruns of reruns included (platform.md 8). */
export const maxReruns = 100
/** Nothing of a pipeline is run again once it is this old (platform.md 8). */
export const maxPipelineAgeMs = 90 * 24 * 3600 * 1000

/** Only the failed tests of a workflow run again while it is younger than this (execution.md 15.6). */
export const maxFailedTestsAgeMs = 15 * 24 * 3600 * 1000

export interface RerunFacts {
  readonly status: WorkflowStatus
  readonly jobs: readonly { readonly id: string; readonly status: JobStatus }[]
  /** Workflows of this name that the pipeline has already got by reruns. */
  readonly rerunsSoFar: number
  readonly pipelineAgeMs: number
  readonly workflowAgeMs: number
}

export type RerunPlan =
  | { readonly ok: false; readonly reason: string }
  /** Ids of the jobs whose result the new workflow takes over; all others run again. */
  | { readonly ok: true; readonly takeOver: ReadonlySet<string> }

export interface RerunOptions {
  readonly fromFailed: boolean
  /** Only these jobs run; it excludes `fromFailed`. */
  readonly jobs?: readonly string[]
}

/**
 * What a rerun runs. Selected jobs: those alone, everything else keeps its result, so that looking into one job by SSH
 * deploys nothing (platform.md 8 leaves the dependants open). From the start: everything. From failed: jobs that succeeded (approvals given included) are taken
 * over; failed ones and all that was skipped, refused or cancelled is decided anew. Nothing is asked of a dependant
 * that succeeded although its requirement failed: it is done.
 */
export function planRerun(facts: RerunFacts, options: RerunOptions): RerunPlan {
  if (facts.rerunsSoFar >= maxReruns) return refuse(`a workflow can be rerun at most ${maxReruns} times`)
  if (facts.pipelineAgeMs >= maxPipelineAgeMs) return refuse('a pipeline of 90 days cannot be rerun')
  if (options.jobs !== undefined) return planSelected(facts, new Set(options.jobs))
  if (!options.fromFailed) return { ok: true, takeOver: new Set() }
  if (!isEndedWorkflow(facts.status)) return refuse('the workflow has not ended yet')

  const done = facts.jobs.filter((job) => job.status === 'success')
  if (facts.status === 'success' || done.length === facts.jobs.length) return refuse('no job of the workflow failed')
  return { ok: true, takeOver: new Set(done.map((job) => job.id)) }
}

/** As from failed, within which jobs then run only their failed tests. */
export function planFailedTests(facts: RerunFacts): RerunPlan {
  if (facts.jobs.some((job) => job.status === 'on_hold')) return refuse('a job of the workflow waits for approval')
  if (facts.workflowAgeMs >= maxFailedTestsAgeMs) return refuse('the workflow is older than 15 days')
  return planRerun(facts, { fromFailed: true })
}

function planSelected(facts: RerunFacts, selected: ReadonlySet<string>): RerunPlan {
  if (!isEndedWorkflow(facts.status)) return refuse('the workflow has not ended yet')
  const takeOver = new Set(facts.jobs.map((job) => job.id).filter((id) => !selected.has(id)))
  if (selected.size === 0 || takeOver.size + selected.size !== facts.jobs.length) {
    return refuse('the workflow has no such job')
  }
  return { ok: true, takeOver }
}

/** Does a workflow that just ended get a rerun by itself (platform.md 8, automatic workflow reruns)? */
export function wantsAutoRerun(workflow: {
  status: WorkflowStatus
  manualRerun: boolean
  autoRerunNumber: number
  maxAutoReruns: number
}): boolean {
  return workflow.status === 'failed' && !workflow.manualRerun && workflow.autoRerunNumber < workflow.maxAutoReruns
}

function refuse(reason: string): RerunPlan {
  return { ok: false, reason }
}
