import type { Kysely } from 'kysely'
import { newestTestRun, type TestRun } from '../store/queries/earlier-tests.ts'
import type { Schema } from '../store/schema.ts'

/**
 * The jobs whose results the tests of a job are dealt by, newest first. They are written down when its first node is
 * claimed and never change: nodes start at different times, and each must compute the same parts (execution.md 15.3).
 */
export async function earlierJobs(db: Kysely<Schema>, jobId: string): Promise<string[]> {
  const job = await db
    .selectFrom('jobs')
    .innerJoin('projects', 'projects.id', 'jobs.project_id')
    .innerJoin('pipelines', 'pipelines.id', 'jobs.pipeline_id')
    .select(['jobs.name', 'jobs.project_id', 'jobs.parallelism', 'jobs.tests_from'])
    .select(['projects.default_branch', 'pipelines.branch'])
    .where('jobs.id', '=', jobId)
    .executeTakeFirstOrThrow()
  if (job.tests_from !== null) return job.tests_from
  const { name, project_id: projectId, branch, default_branch: defaultBranch } = job
  const newest = await newestTestRun(db, { projectId, name, branch, defaultBranch })
  const found = newest === undefined ? [] : chainOfRun(newest)
  // A job of one node that knows nothing has nothing to agree on: no write for the most common job of all.
  if (found.length === 0 && job.parallelism === 1) return found
  const decided = await db
    .updateTable('jobs')
    .set((eb) => ({ tests_from: eb.fn.coalesce('tests_from', eb.val(found)) }))
    .where('id', '=', jobId)
    .returning('tests_from')
    .executeTakeFirstOrThrow()
  return decided.tests_from ?? []
}

/** Jobs of a chain of runs that each skipped tests: a branch adds one with every push. */
const mostSkipping = 10

/** What a run skipped is known from the runs before it, the oldest of which ran everything. */
function chainOfRun({ jobId, failedTestsOf, testsFrom, skips }: TestRun): string[] {
  if (!skips) return chainOf(jobId, failedTestsOf, testsFrom)
  const chain = [jobId, ...(testsFrom ?? [])]
  return chain.length <= mostSkipping ? chain : [...chain.slice(0, mostSkipping - 1), ...chain.slice(-1)]
}

/**
 * A job, and behind it what it did not run itself: after a rerun of failed tests the results of the others are those
 * of the run before.
 */
export function chainOf(jobId: string, failedTestsOf: string | null, testsFrom: readonly string[] | null): string[] {
  return failedTestsOf === null ? [jobId] : [jobId, ...(testsFrom ?? [])]
}
