import { type Kysely, sql } from 'kysely'

/**
 * Results of earlier runs, found again (execution.md 15.3, 15.6). `test_runs` has a row per job that stored results: to
 * look for the newest in `tests` itself would mean to ask it for every job there ever was. It is a table, not a column
 * of `jobs`, because an upload must not wait for the lock of its job's row.
 *
 * `jobs.tests_from`: the jobs whose results count, newest first; null until a node of the job was claimed.
 * `jobs.failed_tests_of`: the job whose failed tests this one is to run again.
 *
 * `test_queues`: tests of a suite that no node has taken yet (16.5); `test_batches`: what nodes took, and whether they are
 * through with it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

const statements = [
  `create table test_runs (
    job_id uuid primary key references jobs,
    serial bigserial,
    project_id uuid not null,
    job_name text not null,
    branch text
  )`,
  'create index test_runs_of_job on test_runs (project_id, job_name, serial desc)',
  'create index test_runs_of_branch on test_runs (project_id, job_name, branch, serial desc)',
  `insert into test_runs (job_id, project_id, job_name, branch)
    select jobs.id, jobs.project_id, jobs.name, pipelines.branch
    from (select job_id, min(id) as first from tests group by job_id) found
    join jobs on jobs.id = found.job_id
    join pipelines on pipelines.id = jobs.pipeline_id
    order by found.first`,
  `create table test_queues (
    job_id uuid not null references jobs,
    suite text not null,
    waiting json not null,
    primary key (job_id, suite)
  )`,
  `create table test_batches (
    task_id uuid not null references tasks,
    suite text not null,
    number integer not null,
    job_id uuid not null,
    tests json not null,
    done boolean not null default false,
    primary key (task_id, suite, number)
  )`,
  'create index test_batches_open on test_batches (job_id, suite) where not done',
  'alter table jobs add column tests_from uuid[], add column failed_tests_of uuid',
]
