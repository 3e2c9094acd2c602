import { randomUUID } from 'node:crypto'
import {
  type ImpactAnswer,
  type ImpactRequest,
  mostFailedTests,
  OrreryError,
  type SelectionRequest,
  type TestSelection,
  type UploadRequest,
} from '@orrery/protocol'
import type { Kysely } from 'kysely'
import type { EngineContext } from '../context.ts'
import { impactScope, isDefaultBranch, readableImpactScopes } from '../decisions/impact-scope.ts'
import type { StoredBlob, TaskLease } from '../engine.ts'
import { storable, toJson } from '../store/json.ts'
import { failedLately } from '../store/queries/failed-lately.ts'
import { heldTask, placeOfTask, type TaskRow } from '../store/queries/leased-task.ts'
import type { Schema } from '../store/schema.ts'
import type { Tx } from '../store/transaction.ts'
import { blobColumns } from './store-results.ts'

/** Documents of one suite that are read; more can only be there when nobody gathers them up. */
const mostParts = 1000

/** How long a replaced document is still there for those who were told of it before. */
const afterlifeMs = 60 * 60 * 1000

/** What is known about a suite before its tests are selected. ORY_TASK_GONE for a lease that ended. */
export async function testImpact(ctx: EngineContext, lease: TaskLease, { key }: ImpactRequest): Promise<ImpactAnswer> {
  const task = await heldTask(ctx.db, lease)
  const { source, scopes, jobName } = await sourceOf(ctx.db, task)
  const [parts, failed] = await Promise.all([
    ctx.db
      .selectFrom('impact_parts')
      .select('id')
      .where('project_id', '=', task.project_id)
      .where('scope', 'in', scopes)
      .where('key', '=', storable(key))
      .where('replaced', '=', false)
      .where('expires_at', '>', ctx.options.clock.now())
      .orderBy('pipeline_number', 'desc')
      .orderBy('serial', 'desc')
      .limit(mostParts)
      .execute(),
    source.branch === null || source.fork !== null
      ? []
      : failedLately(ctx.db, { projectId: task.project_id, jobName, branch: source.branch, most: mostFailedTests }),
  ])
  return {
    builds: isDefaultBranch(source) ? 'default-branch' : source.branch === null ? 'tag' : 'branch',
    parts: parts.map(({ id }) => id).reverse(),
    failed,
  }
}

/** ORY_NOT_FOUND for a document that the task may not read. One that expired or was replaced since it was named is still read. */
export async function impactBlob(ctx: EngineContext, lease: TaskLease, partId: string): Promise<StoredBlob> {
  const task = await heldTask(ctx.db, lease)
  const { scopes } = await sourceOf(ctx.db, task)
  const row = await ctx.db
    .selectFrom('impact_parts')
    .select(['blob_key', 'size', 'sha256'])
    .where('id', '=', partId)
    .where('project_id', '=', task.project_id)
    .where('scope', 'in', scopes)
    .executeTakeFirst()
  if (!row) throw new OrreryError('ORY_NOT_FOUND', ['Impact data'])
  return { blobKey: row.blob_key, size: row.size, sha256: row.sha256 }
}

/**
 * The nodes of a job select before they split, each from what it sees; only what all split alike runs exactly once. So
 * the selection of the node that comes first is that of the job (execution.md 16.3).
 */
export function agreeOnTests(
  ctx: EngineContext,
  lease: TaskLease,
  { suite, question, selection }: SelectionRequest,
): Promise<TestSelection> {
  return ctx.transact(async (tx) => {
    const task = await heldTask(tx.db, lease)
    const inserted = await tx.db
      .insertInto('test_selections')
      .values({
        job_id: task.job_id,
        suite: storable(suite),
        question,
        selection: toJson(selection),
        skips: selection.skipped.length > 0,
      })
      .onConflict((conflict) => conflict.columns(['job_id', 'suite', 'question']).doNothing())
      .returning('job_id')
      .executeTakeFirst()
    if (inserted) {
      const { selected, skipped } = selection
      const counts = { selected: selected.length, skipped: skipped.length }
      tx.event('tests.selected', placeOfTask(task), { nodeIndex: task.node_index, suite: storable(suite), ...counts })
    }
    const row = await tx.db
      .selectFrom('test_selections')
      .select('selection')
      .where('job_id', '=', task.job_id)
      .where('suite', '=', storable(suite))
      .where('question', '=', question)
      .executeTakeFirstOrThrow()
    return row.selection
  })
}

/**
 * A document and, in the same transaction, the end of those that it holds the content of. Those of a newer pipeline
 * stay: it knows better.
 */
export async function storeImpact(
  tx: Tx,
  task: TaskRow,
  request: Extract<UploadRequest, { kind: 'impact' }>,
  blob: StoredBlob,
  expiresAt: Date,
): Promise<void> {
  const { source, number } = await sourceOf(tx.db, task)
  const place = { project_id: task.project_id, scope: storable(impactScope(source)), key: storable(request.key) }
  if (request.replaces.length > 0) {
    await tx.db
      .updateTable('impact_parts')
      .set({ replaced: true, expires_at: new Date(tx.now.getTime() + afterlifeMs) })
      .where('id', 'in', request.replaces)
      .where('replaced', '=', false)
      .where('project_id', '=', place.project_id)
      .where('scope', '=', place.scope)
      .where('key', '=', place.key)
      .where('pipeline_number', '<=', number)
      .execute()
  }
  await tx.db
    .insertInto('impact_parts')
    .values({
      id: randomUUID(),
      ...place,
      pipeline_number: number,
      ...blobColumns(blob),
      job_id: task.job_id,
      created_at: tx.now,
      expires_at: expiresAt,
    })
    .execute()
}

async function sourceOf(db: Kysely<Schema>, task: TaskRow) {
  const row = await db
    .selectFrom('jobs')
    .innerJoin('pipelines', 'pipelines.id', 'jobs.pipeline_id')
    .innerJoin('projects', 'projects.id', 'jobs.project_id')
    .select(['jobs.name', 'pipelines.number', 'pipelines.fork', 'pipelines.branch', 'pipelines.tag'])
    .select(['projects.default_branch', 'projects.forks_read_caches'])
    .where('jobs.id', '=', task.job_id)
    .executeTakeFirstOrThrow()
  const { fork, branch, tag, default_branch: defaultBranch } = row
  const source = { fork, branch, tag, defaultBranch }
  const scopes = readableImpactScopes(source, row.forks_read_caches).map(storable)
  return { source, scopes, jobName: row.name, number: row.number }
}
