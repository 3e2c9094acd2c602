import type { JobStatus, PipelineView, StepStatus, WorkflowStatus, WorkflowSummary } from '@orrery/protocol'

/** Every status of anything, and three that only a pipeline shows. */
export type AnyStatus = JobStatus | WorkflowStatus | StepStatus | 'errored' | 'setup' | 'pending'

/** Colour families; the icon and the word say the same, so that colour alone never carries the meaning. */
type Tone = 'success' | 'failed' | 'running' | 'hold' | 'waiting' | 'ended'

export type StatusIcon = 'check' | 'cross' | 'spinner' | 'pause' | 'clock' | 'ban' | 'skip' | 'warning' | 'lock'

export type StatusInfo = { readonly label: string; readonly tone: Tone; readonly icon: StatusIcon }

const statuses: Readonly<Record<AnyStatus, StatusInfo>> = {
  success: { label: 'Success', tone: 'success', icon: 'check' },
  running: { label: 'Running', tone: 'running', icon: 'spinner' },
  failing: { label: 'Failing', tone: 'failed', icon: 'spinner' },
  failed: { label: 'Failed', tone: 'failed', icon: 'cross' },
  error: { label: 'Error', tone: 'failed', icon: 'warning' },
  errored: { label: 'Error', tone: 'failed', icon: 'warning' },
  timedout: { label: 'Timed out', tone: 'failed', icon: 'clock' },
  infrastructure_fail: { label: 'Infrastructure failure', tone: 'failed', icon: 'warning' },
  'terminated-unknown': { label: 'Ended, reason unknown', tone: 'failed', icon: 'warning' },
  unauthorized: { label: 'Unauthorized', tone: 'failed', icon: 'lock' },
  on_hold: { label: 'On hold', tone: 'hold', icon: 'pause' },
  queued: { label: 'Queued', tone: 'waiting', icon: 'clock' },
  blocked: { label: 'Waiting', tone: 'waiting', icon: 'clock' },
  not_running: { label: 'Preparing', tone: 'waiting', icon: 'clock' },
  pending: { label: 'Pending', tone: 'waiting', icon: 'clock' },
  setup: { label: 'Setup', tone: 'running', icon: 'spinner' },
  canceled: { label: 'Canceled', tone: 'ended', icon: 'ban' },
  not_run: { label: 'Not run', tone: 'ended', icon: 'skip' },
  retried: { label: 'Retried', tone: 'ended', icon: 'skip' },
}

export function statusInfo(status: AnyStatus): StatusInfo {
  // A newer server may know more words than this page.
  return statuses[status] ?? { label: status, tone: 'ended', icon: 'skip' }
}

/** True when a workflow will never change again. */
export function isEndedWorkflow(status: WorkflowStatus): boolean {
  return status !== 'running' && status !== 'queued' && status !== 'on_hold' && status !== 'failing'
}

/** True while a job can still be canceled. */
export function isOpenJob(status: JobStatus): boolean {
  const { tone } = statusInfo(status)
  return tone === 'running' || tone === 'waiting' || tone === 'hold'
}

/** The newest workflow of each name, in order of first appearance: reruns replace what they repeat. */
export function latestWorkflows(workflows: readonly WorkflowSummary[]): (WorkflowSummary & { runs: number })[] {
  const latest = new Map<string, WorkflowSummary & { runs: number }>()
  for (const workflow of workflows.toSorted((a, b) => a.createdAt.localeCompare(b.createdAt))) {
    latest.set(workflow.name, { ...workflow, runs: (latest.get(workflow.name)?.runs ?? 0) + 1 })
  }
  return [...latest.values()]
}

const loudest: readonly WorkflowStatus[] = [
  'failing',
  'running',
  'on_hold',
  'queued',
  'failed',
  'error',
  'unauthorized',
  'canceled',
  'not_run',
  'success',
]

/** One status for a whole pipeline: what is still going on first, then the worst result of its newest workflows. */
export function pipelineStatus(pipeline: Pick<PipelineView, 'state' | 'workflows'>): AnyStatus {
  if (pipeline.state === 'errored') return 'errored'
  const found = new Set(latestWorkflows(pipeline.workflows).map((workflow) => workflow.status))
  const status = loudest.find((candidate) => found.has(candidate))
  if (status !== undefined) return status
  return pipeline.state === 'setup' ? 'setup' : pipeline.state === 'created' ? 'not_run' : 'pending'
}
