import { isEndedJob } from '@orrery/protocol'
import type { JobChange, JobState } from './states.ts'

export interface Cancellation {
  /** Jobs that end at once: they had no task. */
  readonly changes: JobChange[]
  /** Build jobs whose tasks must be stopped; they end when their tasks did. */
  readonly stop: string[]
}

/** What a cancel does to the given jobs (platform.md 7.6). Jobs that ended keep their status. */
export function cancelJobs(jobs: readonly JobState[]): Cancellation {
  const moving = jobs.filter((job) => !isEndedJob(job.status))
  const waiting = moving.filter((job) => job.status === 'blocked' || job.status === 'on_hold')
  return {
    changes: waiting.map((job) => ({ jobId: job.id, status: 'canceled', reason: null })),
    stop: moving.filter((job) => !waiting.includes(job)).map((job) => job.id),
  }
}
