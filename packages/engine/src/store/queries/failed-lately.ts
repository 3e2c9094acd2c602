import { type Kysely, sql } from 'kysely'
import type { Schema } from '../schema.ts'

export interface FailedTest {
  file: string | null
  classname: string
  name: string
}

/** Runs that are looked at: one of them may have been cut short, or have skipped the test. */
const mostRuns = 5

/**
 * Tests that failed in one of the last ended runs of the job on the branch and passed in none after it
 * (execution.md 16.4). A fork's branch of the same name is not the branch.
 */
export async function failedLately(
  db: Kysely<Schema>,
  job: { projectId: string; jobName: string; branch: string; most: number },
): Promise<FailedTest[]> {
  const { rows } = await sql<FailedTest>`
    with runs as (
      select test_runs.job_id, test_runs.serial
      from test_runs join jobs on jobs.id = test_runs.job_id
      where test_runs.project_id = ${job.projectId} and test_runs.job_name = ${job.jobName}
        and test_runs.branch = ${job.branch} and jobs.stopped_at is not null
      order by test_runs.serial desc limit ${mostRuns}
    ), failed as (
      select file, classname, name, max(serial) as serial
      from tests join runs using (job_id) where result in ('failure', 'error')
      group by file, classname, name
    )
    select file, classname, name from failed
    where not exists (
      select 1 from runs join tests using (job_id)
      where runs.serial > failed.serial and tests.result = 'success' and tests.name = failed.name
        and tests.classname = failed.classname and tests.file is not distinct from failed.file
    )
    order by file, classname, name limit ${job.most}`.execute(db)
  return rows
}
