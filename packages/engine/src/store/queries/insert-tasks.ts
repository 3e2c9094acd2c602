import { sql } from 'kysely'
import type { Tx } from '../transaction.ts'
import type { JobRow } from './jobs-of-workflow.ts'

/**
 * One runnable task per node of each job, in one statement however many there are. Node 0 of a job with a `deploy` step
 * waits for all others in that step (execution.md 10.1), so it comes last: claimed first, it would keep the only slot
 * from those it waits for.
 */
export async function insertTasks(tx: Tx, jobs: readonly JobRow[]): Promise<void> {
  const ids = jobs.map((job) => job.id)
  await sql`
    insert into tasks (id, job_id, workflow_id, pipeline_id, project_id, node_index, executor, state, runnable_at)
    select gen_random_uuid(), id, workflow_id, pipeline_id, project_id, node, executor, 'runnable', ${tx.now}
    from jobs, generate_series(0, parallelism - 1) as node
    where id = any(${ids}::uuid[])
    order by position, node = 0 and parallelism > 1 and exists (
      select from json_array_elements(plan->'spec'->'steps') as step where step->>'deploy' = 'true'
    ), node`.execute(tx.db)
}
