import { randomUUID } from 'node:crypto'
import { type CacheHit, OrreryError, type UploadRequest } from '@orrery/protocol'
import { type Kysely, type Selectable, sql } from 'kysely'
import type { EngineContext } from '../context.ts'
import { cacheDays, daysAfter } from '../decisions/retention.ts'
import { ownScope, readableScopes } from '../decisions/trust.ts'
import type { StoredBlob, TaskLease } from '../engine.ts'
import { storable, toJson } from '../store/json.ts'
import { heldTask, type TaskRow } from '../store/queries/leased-task.ts'
import type { CachesTable, Schema } from '../store/schema.ts'
import type { Tx } from '../store/transaction.ts'
import { blobColumns } from './store-results.ts'

type Hit = CacheHit & { blobKey: string }

/**
 * For each key in order: the newest live cache that the task may read whose key starts with it, even where another one equals
 * it (execution.md 11.2). The first key with any match ends the search.
 */
export async function lookupCache(ctx: EngineContext, lease: TaskLease, keys: string[]): Promise<Hit | null> {
  const task = await heldTask(ctx.db, lease)
  const { readable } = await scopesOf(ctx.db, task)
  for (const key of keys) {
    const row = await live(ctx, task, readable)
      .where((eb) => eb(sql<boolean>`starts_with(key, ${storable(key)})`, '=', true))
      .orderBy('serial', 'desc')
      .limit(1)
      .executeTakeFirst()
    if (row) return toHit(row)
  }
  return null
}

/** Only in the scope that the task writes: what else it may read is no reason to store none. */
export async function exactCache(ctx: EngineContext, lease: TaskLease, key: string): Promise<Hit | null> {
  const task = await heldTask(ctx.db, lease)
  const { own } = await scopesOf(ctx.db, task)
  const row = await live(ctx, task, [own]).where('key', '=', storable(key)).executeTakeFirst()
  return row ? toHit(row) : null
}

/** ORY_NOT_FOUND for a cache that the task may not read. One that expired since the lookup is still read. */
export async function cacheBlob(ctx: EngineContext, lease: TaskLease, cacheId: string): Promise<StoredBlob> {
  const task = await heldTask(ctx.db, lease)
  const { readable } = await scopesOf(ctx.db, task)
  const row = await ctx.db
    .selectFrom('caches')
    .select(['blob_key', 'size', 'sha256'])
    .where('id', '=', cacheId)
    .where('project_id', '=', task.project_id)
    .where('scope', 'in', readable)
    .executeTakeFirst()
  if (!row) throw new OrreryError('ORY_NOT_FOUND', ['Cache'])
  return { blobKey: row.blob_key, size: row.size, sha256: row.sha256 }
}

/** Create if absent: the first writer of a key wins (execution.md 11.1). An expired one makes way. */
export async function storeCache(
  tx: Tx,
  task: TaskRow,
  request: Extract<UploadRequest, { kind: 'cache' }>,
  blob: StoredBlob,
  mostDays: number,
): Promise<'stored' | 'exists'> {
  const { own: scope } = await scopesOf(tx.db, task)
  const key = storable(request.key)
  await tx.db
    .deleteFrom('caches')
    .where('project_id', '=', task.project_id)
    .where('scope', '=', scope)
    .where('key', '=', key)
    .where('expires_at', '<=', tx.now)
    .execute()
  const job = await tx.db
    .selectFrom('jobs')
    .select(['job_number', 'plan'])
    .where('id', '=', task.job_id)
    .executeTakeFirstOrThrow()
  const inserted = await tx.db
    .insertInto('caches')
    .values({
      id: randomUUID(),
      project_id: task.project_id,
      scope,
      key,
      ...blobColumns(blob),
      job_id: task.job_id,
      job_number: job.job_number ?? 0,
      paths: toJson(request.paths),
      created_at: tx.now,
      expires_at: daysAfter(tx.now, cacheDays(job.plan.spec?.retention?.caches, mostDays)),
    })
    .onConflict((conflict) => conflict.columns(['project_id', 'scope', 'key']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return inserted ? 'stored' : 'exists'
}

async function scopesOf(db: Kysely<Schema>, task: TaskRow): Promise<{ own: string; readable: string[] }> {
  const { fork, forks_read_caches: forksReadCaches } = await db
    .selectFrom('pipelines')
    .innerJoin('projects', 'projects.id', 'pipelines.project_id')
    .select(['pipelines.fork', 'projects.forks_read_caches'])
    .where('pipelines.id', '=', task.pipeline_id)
    .executeTakeFirstOrThrow()
  return { own: ownScope(fork), readable: readableScopes(fork, forksReadCaches) }
}

function live(ctx: EngineContext, task: TaskRow, scopes: readonly string[]) {
  return ctx.db
    .selectFrom('caches')
    .selectAll()
    .where('project_id', '=', task.project_id)
    .where('scope', 'in', scopes)
    .where('expires_at', '>', ctx.options.clock.now())
}

function toHit(row: Selectable<CachesTable>): Hit {
  return {
    cacheId: row.id,
    key: row.key,
    size: row.size,
    sha256: row.sha256,
    jobNumber: row.job_number,
    createdAt: row.created_at.toISOString(),
    paths: row.paths,
    blobKey: row.blob_key,
  }
}
