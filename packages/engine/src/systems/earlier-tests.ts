import { type EarlierResult, OrreryError } from '@orrery/protocol'
import type { Kysely } from 'kysely'
import type { EngineContext } from '../context.ts'
import type { TaskLease } from '../engine.ts'
import { chainOf } from '../job-spec/earlier-jobs.ts'
import { countFailedTests, hasUnexplainedNode } from '../store/queries/earlier-tests.ts'
import { heldTask } from '../store/queries/leased-task.ts'
import type { Schema } from '../store/schema.ts'

/** Rows fetched at once. */
const page = 2_000
/** Passed tests that are handed out of one job's chain; failed ones always are. The file stays below 100 MB. */
const mostPassed = 250_000

/**
 * The jobs whose failed tests stand for those of an ended job; null when it has to run as a whole: no failed test can
 * be named, one of them cannot, or a node failed without a failed test (execution.md 15.6).
 */
export async function failedTestsChain(
  db: Kysely<Schema>,
  job: { id: string; failed_tests_of: string | null; tests_from: string[] | null },
): Promise<string[] | null> {
  const chain = chainOf(job.id, job.failed_tests_of, job.tests_from)
  const { named, nameless } = await countFailedTests(db, chain)
  if (named === 0 || nameless > 0) return null
  // In a rerun of failed tests those of a node that broke count as failed still.
  if (job.failed_tests_of === null && (await hasUnexplainedNode(db, job.id))) return null
  return chain
}

/** The newest result of each test of the task's earlier jobs. ORY_TASK_GONE for a lease that ended. */
export async function earlierResults(ctx: EngineContext, lease: TaskLease): Promise<AsyncIterable<EarlierResult>> {
  const task = await heldTask(ctx.db, lease)
  const row = await ctx.db.selectFrom('jobs').select('tests_from').where('id', '=', task.job_id).executeTakeFirst()
  if (row === undefined) throw new OrreryError('ORY_NOT_FOUND', ['Job'])
  return newestResults(ctx.db, row.tests_from ?? [])
}

async function* newestResults(db: Kysely<Schema>, chain: readonly string[]): AsyncGenerator<EarlierResult> {
  const seen = new Set<string>()
  let passed = 0
  for (const [index, jobId] of chain.entries()) {
    const own: string[] = []
    for await (const result of resultsOf(db, jobId)) {
      const identity = JSON.stringify([result.file, result.classname, result.name])
      if (seen.has(identity)) continue
      if (index < chain.length - 1) own.push(identity)
      const failed = result.result === 'failure' || result.result === 'error'
      if (!failed && ++passed > mostPassed) continue
      yield result
    }
    // Only now: a report may name a test twice, and both count.
    for (const identity of own) seen.add(identity)
  }
}

async function* resultsOf(db: Kysely<Schema>, jobId: string): AsyncGenerator<EarlierResult> {
  for (let after = 0; ; ) {
    const rows = await db
      .selectFrom('tests')
      .select(['id', 'classname', 'file', 'name', 'result', 'run_time', 'source'])
      .where('job_id', '=', jobId)
      .where('id', '>', after)
      .orderBy('id')
      .limit(page)
      .execute()
    for (const { id, ...result } of rows) {
      after = id
      yield result
    }
    if (rows.length < page) return
  }
}
