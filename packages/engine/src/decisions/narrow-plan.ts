import type { PlanWorkflow } from '@orrery/config'
import { OrreryError } from '@orrery/protocol'

/**
 * Keeps one workflow, or one job with everything it requires (in each workflow that has it). Throws ORY_NOT_FOUND
 * (workflow) or ORY_JOB, with the names that there are, when nothing has that name: an empty pipeline would look like
 * success.
 */
export function narrowPlan(
  workflows: readonly PlanWorkflow[],
  only: { workflow?: string; job?: string } | null | undefined,
): PlanWorkflow[] {
  const named = workflows.filter((one) => only?.workflow === undefined || one.name === only.workflow)
  if (only?.workflow !== undefined && named.length === 0) {
    throw new OrreryError('ORY_NOT_FOUND', [
      `workflow ${only.workflow} (there are ${workflows.map((one) => one.name).join(', ')})`,
    ])
  }
  if (only?.job === undefined) return named

  const kept = named.map((one) => keepJob(one, only.job ?? '')).filter((one) => one.jobs.length > 0)
  if (kept.length === 0) {
    const names = new Set(named.flatMap((one) => one.jobs.map((job) => job.name)))
    throw new OrreryError('ORY_JOB', [only.job, `there are ${[...names].join(', ')}`])
  }
  return kept
}

function keepJob(workflow: PlanWorkflow, name: string): PlanWorkflow {
  const wanted = new Set([name])
  // From the last job to the first: the order is topological, so all who may ask for a job were seen before it.
  for (const job of workflow.jobs.toReversed()) {
    if (wanted.has(job.name)) for (const requirement of job.requires) wanted.add(requirement.job)
  }
  return { ...workflow, jobs: workflow.jobs.filter((job) => wanted.has(job.name)) }
}
