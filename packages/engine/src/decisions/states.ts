import type { RequiredStatus } from '@orrery/config'
import { isFailedJob, type JobStatus, type JobType } from '@orrery/protocol'

/** What the rules of a workflow need to know of one job. */
export interface JobState {
  readonly id: string
  readonly type: JobType
  readonly status: JobStatus
  readonly requires: readonly Requirement[]
  /** Why this job may not start even when its requirements are met (admission.ts). */
  readonly refusal?: Refusal
}

export interface Requirement {
  readonly jobId: string
  readonly statuses: readonly RequiredStatus[]
}

export interface Refusal {
  readonly status: 'failed' | 'unauthorized'
  readonly reason: string
}

export interface JobChange {
  readonly jobId: string
  readonly status: JobStatus
  /** A sentence for people, or null when the status says it all. */
  readonly reason: string | null
}

/**
 * The status by which dependants judge an ended job; null while it has not ended. Every kind of failure counts as
 * `failed` (execution.md 2.6).
 */
export function requiredStatusOf(status: JobStatus): RequiredStatus | null {
  if (isFailedJob(status)) return 'failed'
  switch (status) {
    case 'success':
    case 'canceled':
    case 'unauthorized':
    case 'not_run':
      return status
    case 'retried':
      return 'failed'
    default:
      return null
  }
}

/** True while the job has, or is about to get, a place to run in. */
export function isActive(status: JobStatus): boolean {
  return status === 'running' || status === 'not_running' || status === 'queued'
}
