import type { JobStatus, TaskOutcome } from '@orrery/protocol'

/** What the status of a job depends on, for each of its tasks. */
export interface TaskFacts {
  readonly state: 'runnable' | 'claimed' | 'ended'
  /** True once a step started. */
  readonly started: boolean
  readonly outcome: TaskOutcome | null
}

/** Ascending badness: the job gets the last one that occurs (execution.md 1.7). */
const byBadness: readonly TaskOutcome[] = ['success', 'canceled', 'failed', 'timedout', 'infrastructure_fail']

/**
 * The status of a build job from its tasks. A job that people cancelled is `canceled` once every task ended, even if
 * one of them finished its work first: the word of the person decides what dependants may do.
 */
export function jobStatus(tasks: readonly TaskFacts[], job: { canceled: boolean }): JobStatus {
  if (tasks.some((task) => task.state !== 'ended')) {
    return tasks.some((task) => task.started) ? 'running' : 'not_running'
  }
  if (job.canceled) return 'canceled'
  return worst(tasks.map((task) => task.outcome ?? 'infrastructure_fail'))
}

function worst(outcomes: readonly TaskOutcome[]): TaskOutcome {
  return byBadness.findLast((outcome) => outcomes.includes(outcome)) ?? 'success'
}

/** How one task looks to people. */
export function taskStatus(task: TaskFacts): JobStatus {
  if (task.state === 'ended') return task.outcome ?? 'terminated-unknown'
  return task.started ? 'running' : 'not_running'
}
