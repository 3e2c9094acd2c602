import type { JobStatus } from '@orrery/protocol'
import type { JobChange } from '../decisions/states.ts'
import { insertTasks } from '../store/queries/insert-tasks.ts'
import type { JobRow } from '../store/queries/jobs-of-workflow.ts'
import { nextJobNumbers } from '../store/queries/next-job-numbers.ts'
import { setJobStatuses } from '../store/queries/set-job-statuses.ts'
import type { EventPlace, Tx } from '../store/transaction.ts'

/**
 * Writes what was decided about jobs. The caller holds the workflow. A job that becomes `not_running` gets its number
 * and its tasks here, and runners are woken.
 */
export async function writeJobChanges(tx: Tx, jobs: readonly JobRow[], changes: readonly JobChange[]): Promise<void> {
  if (changes.length === 0) return
  const byId = new Map(jobs.map((job) => [job.id, job]))
  const starting = changes.flatMap(({ jobId, status }) => (status === 'not_running' ? (byId.get(jobId) ?? []) : []))
  const numbers = await startTasks(tx, starting)

  await setJobStatuses(
    tx,
    changes.map((change) => ({ ...change, id: change.jobId, jobNumber: numbers.get(change.jobId) ?? null })),
  )
  for (const { jobId, status } of changes) {
    const job = byId.get(jobId)
    if (job) jobChanged(tx, job, status, numbers.get(jobId) ?? job.job_number)
  }
}

/** One job's new status, when its tasks or a person moved it. */
export async function writeJobStatus(tx: Tx, job: JobRow, status: JobStatus, reason: string | null): Promise<void> {
  await setJobStatuses(tx, [{ id: job.id, status, reason, jobNumber: null }])
  jobChanged(tx, job, status, job.job_number)
}

/** Makes the tasks; answers the numbers of their jobs. */
async function startTasks(tx: Tx, jobs: readonly JobRow[]): Promise<Map<string, number>> {
  const [first] = jobs
  if (!first) return new Map()
  await insertTasks(tx, jobs)
  for (const executor of new Set(jobs.map((job) => job.executor))) tx.notify('orrery_work', executor)
  const number = await nextJobNumbers(tx, first.project_id, jobs.length)
  return new Map(jobs.map((job, index) => [job.id, number + index]))
}

function jobChanged(tx: Tx, job: JobRow, status: JobStatus, jobNumber: number | null): void {
  tx.event('job.changed', placeOf(job), { name: job.name, type: job.type, from: job.status, status, jobNumber })
}

export function placeOf(job: Pick<JobRow, 'id' | 'project_id' | 'pipeline_id' | 'workflow_id'>): EventPlace {
  return { projectId: job.project_id, pipelineId: job.pipeline_id, workflowId: job.workflow_id, jobId: job.id }
}
