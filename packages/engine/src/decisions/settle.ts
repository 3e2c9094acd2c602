import type { JobStatus, JobType } from '@orrery/protocol'
import { type JobChange, type JobState, requiredStatusOf } from './states.ts'

/**
 * Lets every blocked job that can move, move, until none can (platform.md 7.3):
 *
 * - a requirement ended in a status that is not accepted → `not_run`, at once, whatever the others still do;
 * - all requirements ended in accepted ones → the job starts: `not_running` (build: its tasks may be claimed),
 *   `on_hold` (approval), `success` (the kinds that have nothing to execute);
 * - it may start but is refused (class, context) → `failed` or `unauthorized`.
 *
 * In a canceled workflow nothing starts any more. The answer names each job at most once. Every chain ends: a change
 * leaves `blocked` for good, so there are at most as many changes as jobs.
 */
export function settle(jobs: readonly JobState[], workflow: { canceled: boolean }): JobChange[] {
  const statuses = new Map<string, JobStatus>(jobs.map((job) => [job.id, job.status]))
  const changes: JobChange[] = []
  let moved = true

  while (moved) {
    moved = false
    for (const job of jobs) {
      if (statuses.get(job.id) !== 'blocked') continue
      const change = workflow.canceled ? canceled(job) : decide(job, statuses)
      if (change === null) continue
      statuses.set(job.id, change.status)
      changes.push(change)
      moved = true
    }
  }
  return changes
}

function decide(job: JobState, statuses: ReadonlyMap<string, JobStatus>): JobChange | null {
  let waiting = false
  for (const requirement of job.requires) {
    const status = statuses.get(requirement.jobId)
    const ended = status === undefined ? 'not_run' : requiredStatusOf(status)
    if (ended === null) waiting = true
    else if (!requirement.statuses.includes(ended)) return { jobId: job.id, status: 'not_run', reason: null }
  }
  if (waiting) return null
  if (job.refusal) return { jobId: job.id, ...job.refusal }
  return { jobId: job.id, status: firstStatus(job.type), reason: null }
}

function canceled(job: JobState): JobChange {
  return { jobId: job.id, status: 'canceled', reason: null }
}

/**
 * Where a job goes when nothing holds it back. Lock and unlock jobs pass at once: serial groups (platform.md 9) have no
 * queue yet.
 */
function firstStatus(type: JobType): JobStatus {
  switch (type) {
    case 'build':
      return 'not_running'
    case 'approval':
      return 'on_hold'
    case 'no-op':
    case 'release':
    case 'lock':
    case 'unlock':
      return 'success'
  }
}
