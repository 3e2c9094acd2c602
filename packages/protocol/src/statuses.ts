import { z } from 'zod'

/** States of a job (spec: execution.md 2.1, api.md 2.2). The names are the wire format; never invent one. */
export const JobStatus = z.enum([
  'blocked',
  'on_hold',
  'queued',
  'not_running',
  'running',
  'success',
  'failed',
  'canceled',
  'timedout',
  'infrastructure_fail',
  'not_run',
  'unauthorized',
  'terminated-unknown',
  'retried',
])
export type JobStatus = z.infer<typeof JobStatus>

/** States of a workflow (platform.md 7.1). */
export const WorkflowStatus = z.enum([
  'running',
  'queued',
  'on_hold',
  'failing',
  'success',
  'failed',
  'error',
  'canceled',
  'unauthorized',
  'not_run',
])
export type WorkflowStatus = z.infer<typeof WorkflowStatus>

/** States of a pipeline (platform.md 3.2). `created` is not an outcome: it stays once workflows exist. */
export const PipelineState = z.enum(['setup-pending', 'setup', 'pending', 'created', 'errored'])
export type PipelineState = z.infer<typeof PipelineState>

/** States of one attempt of one step (execution.md 2.3). */
export const StepStatus = z.enum([
  'running',
  'success',
  'failed',
  'canceled',
  'timedout',
  'infrastructure_fail',
  'not_run',
])
export type StepStatus = z.infer<typeof StepStatus>

/** How a task may end; a job's result is the worst of its tasks (execution.md 1.7). */
export const TaskOutcome = z.enum(['success', 'failed', 'canceled', 'timedout', 'infrastructure_fail'])
export type TaskOutcome = z.infer<typeof TaskOutcome>

export const JobType = z.enum(['build', 'approval', 'no-op', 'release', 'lock', 'unlock'])
export type JobType = z.infer<typeof JobType>

/** Statuses that a `requires` entry may accept (config-language.md 22.2). */
export const RequiredStatus = z.enum(['success', 'failed', 'canceled', 'unauthorized', 'not_run'])
export type RequiredStatus = z.infer<typeof RequiredStatus>

const endedJobs: ReadonlySet<JobStatus> = new Set([
  'success',
  'failed',
  'canceled',
  'timedout',
  'infrastructure_fail',
  'not_run',
  'unauthorized',
  'terminated-unknown',
  'retried',
])

/** True when the job will never change again. */
export function isEndedJob(status: JobStatus): boolean {
  return endedJobs.has(status)
}

/** True when the workflow will never change again. */
export function isEndedWorkflow(status: WorkflowStatus): boolean {
  return status !== 'running' && status !== 'queued' && status !== 'on_hold' && status !== 'failing'
}

/** True when a person would call the job broken: it counts as `failed` for `requires` and for the workflow. */
export function isFailedJob(status: JobStatus): boolean {
  return (
    status === 'failed' || status === 'timedout' || status === 'infrastructure_fail' || status === 'terminated-unknown'
  )
}
