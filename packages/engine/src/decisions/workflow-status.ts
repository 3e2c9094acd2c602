import { isEndedJob, isFailedJob, type JobStatus, type WorkflowStatus } from '@orrery/protocol'
import { isActive } from './states.ts'

/**
 * The status of a workflow from those of its jobs (platform.md 7.1).
 *
 * While jobs move: `failing` once one failed, else `running`, else `on_hold` when only approvals are left. When all
 * ended: a cancelled workflow is `canceled` whatever else happened; then failed, unauthorized, canceled (a single job
 * was), `not_run` when nothing ran at all, and success. A job that was skipped spoils nothing.
 */
export function workflowStatus(jobs: readonly JobStatus[], workflow: { canceled: boolean }): WorkflowStatus {
  if (jobs.every(isEndedJob)) return endedStatus(jobs, workflow.canceled)
  if (jobs.some(isFailedJob)) return 'failing'
  if (jobs.some(isActive)) return 'running'
  return 'on_hold'
}

function endedStatus(jobs: readonly JobStatus[], canceled: boolean): WorkflowStatus {
  if (canceled) return 'canceled'
  if (jobs.some(isFailedJob)) return 'failed'
  if (jobs.includes('unauthorized')) return 'unauthorized'
  if (jobs.includes('canceled')) return 'canceled'
  if (jobs.every((status) => status === 'not_run')) return 'not_run'
  return 'success'
}
