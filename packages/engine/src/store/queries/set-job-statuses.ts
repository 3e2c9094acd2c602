import { isEndedJob, type JobStatus } from '@orrery/protocol'
import { sql } from 'kysely'
import { toJson } from '../json.ts'
import type { Tx } from '../transaction.ts'

export interface NewJobStatus {
  readonly id: string
  readonly status: JobStatus
  /** Null keeps the reason that stands there. */
  readonly reason: string | null
  /** Null keeps the number. */
  readonly jobNumber: number | null
}

/** Sets statuses, the times that go with them, and numbers, in one statement. The caller holds the workflow. */
export async function setJobStatuses(tx: Tx, changes: readonly NewJobStatus[]): Promise<void> {
  const rows = changes.map(({ id, status, reason, jobNumber }) => ({
    id,
    status,
    reason,
    job_number: jobNumber,
    ready: status === 'not_running' || status === 'on_hold',
    started: status === 'running',
    ended: isEndedJob(status),
  }))
  await sql`
    update jobs set
      status = new.status,
      reason = coalesce(new.reason, jobs.reason),
      job_number = coalesce(new.job_number, jobs.job_number),
      queued_at = case when new.ready then coalesce(jobs.queued_at, ${tx.now}::timestamptz) else jobs.queued_at end,
      started_at = case when new.started then coalesce(jobs.started_at, ${tx.now}::timestamptz) else jobs.started_at end,
      stopped_at = case when new.ended then greatest(jobs.started_at, ${tx.now}::timestamptz) else null end
    from json_to_recordset(${toJson(rows)}::json) as new(
      id uuid, status text, reason text, job_number int, ready boolean, started boolean, ended boolean
    )
    where jobs.id = new.id`.execute(tx.db)
}
