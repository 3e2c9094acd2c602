import { type Kysely, sql } from 'kysely'
import type { Schema } from '../schema.ts'

export interface TestRun {
  jobId: string
  failedTestsOf: string | null
  testsFrom: string[] | null
  /** Tests that no change could affect did not run. */
  skips: boolean
}

/**
 * The job whose results stand for earlier runs of a job (execution.md 15.3): the newest successful one on the same
 * branch, else the newest on the default branch, else the newest at all. Only ended jobs: their results stay as they
 * are. Undefined when no job of that name stored any.
 */
export async function newestTestRun(
  db: Kysely<Schema>,
  job: { projectId: string; name: string; branch: string | null; defaultBranch: string },
): Promise<TestRun | undefined> {
  const candidate = (rank: number, condition: ReturnType<typeof sql>) => sql`(
    select ${sql.lit(rank)} as rank, jobs.id as "jobId", jobs.failed_tests_of as "failedTestsOf",
      jobs.tests_from as "testsFrom", exists (
        select from test_selections where test_selections.job_id = jobs.id and test_selections.skips
      ) as skips
    from test_runs join jobs on jobs.id = test_runs.job_id
    where test_runs.project_id = ${job.projectId} and test_runs.job_name = ${job.name}
      and jobs.stopped_at is not null and ${condition}
    order by test_runs.serial desc limit 1)`
  const { rows } = await sql<TestRun>`
    select "jobId", "failedTestsOf", "testsFrom", skips from (
      ${candidate(1, sql`test_runs.branch = ${job.branch} and jobs.status = 'success'`)} union all
      ${candidate(2, sql`test_runs.branch = ${job.defaultBranch}`)} union all
      ${candidate(3, sql`true`)}
    ) as candidates order by rank limit 1`.execute(db)
  return rows[0]
}

/** Counts over the newest result of each test of the jobs, newest job first. */
export interface FailedTests {
  /** Failed tests that name a file or a class. */
  named: number
  /** Failed tests that can be told by nothing. */
  nameless: number
}

export async function countFailedTests(db: Kysely<Schema>, jobs: readonly string[]): Promise<FailedTests> {
  const { rows } = await sql<FailedTests>`
    select
      count(*) filter (where file is not null or classname <> '') as named,
      count(*) filter (where file is null and classname = '') as nameless
    from (
      select file, classname, result, array_position(${jobs}::uuid[], job_id) as age,
        min(array_position(${jobs}::uuid[], job_id)) over (partition by file, classname, name) as newest
      from tests where job_id = any(${jobs}::uuid[])
    ) as results
    where age = newest and result in ('failure', 'error')`.execute(db)
  return rows[0] ?? { named: 0, nameless: 0 }
}

/** True when a node of the job ended badly and no failed test says why: nobody knows what else of it failed. */
export async function hasUnexplainedNode(db: Kysely<Schema>, jobId: string): Promise<boolean> {
  const { rows } = await sql`
    select 1 from tasks
    where job_id = ${jobId} and outcome is distinct from 'success' and not exists (
      select 1 from tests
      where tests.job_id = ${jobId} and tests.task_id = tasks.id and result in ('failure', 'error')
    ) limit 1`.execute(db)
  return rows.length > 0
}
