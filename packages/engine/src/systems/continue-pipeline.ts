import type { Plan } from '@orrery/config'
import { OrreryError, type PipelineError } from '@orrery/protocol'
import type { Kysely, Selectable } from 'kysely'
import type { EngineContext } from '../context.ts'
import type { Continuation, ContinuationRequest, PendingPipeline } from '../engine.ts'
import { hashOf } from '../secrets/continuation-key.ts'
import { storable, toJson } from '../store/json.ts'
import type { PipelinesTable, Schema } from '../store/schema.ts'
import { toPending } from './pipelines.ts'
import { startWorkflows } from './start-pipeline.ts'

/** A key is good this long from the creation of its pipeline (platform.md 6). */
const keyLifetimeMs = 6 * 3600 * 1000

/**
 * The pipeline as the continuation would have it compiled; nothing is changed, so a config that does not compile leaves
 * the key as it is. Throws ORY_TOKEN_INVALID for an unknown key, ORY_CONFLICT for one that was used or is too old.
 */
export async function openContinuation(
  ctx: EngineContext,
  key: string,
  given: ContinuationRequest,
): Promise<PendingPipeline> {
  const row = usable(await byKey(ctx.db, key).executeTakeFirst(), ctx.options.clock.now())
  const project = await ctx.db
    .selectFrom('projects')
    .selectAll()
    .where('id', '=', row.project_id)
    .executeTakeFirstOrThrow()
  const { id, slug, name, default_branch: defaultBranch } = project
  return toPending({ ...row, continuation: continuationOf(row, given) }, { id, slug, name, defaultBranch })
}

/** Keeps what was wrong with a continuation for people to see. The pipeline waits on, its key is still good. */
export function refuseContinuation(ctx: EngineContext, key: string, errors: PipelineError[]): Promise<void> {
  return ctx.transact(async (tx) => {
    const row = usable(await byKey(tx.db, key).forNoKeyUpdate().executeTakeFirst(), tx.now)
    await tx.db
      .updateTable('pipelines')
      .set({ errors: toJson(errors) })
      .where('id', '=', row.id)
      .execute()
    tx.event('pipeline.continuation_refused', { projectId: row.project_id, pipelineId: row.id }, { number: row.number })
  })
}

/** Spends the key and starts the workflows of the continuation, both or neither. Errors as in `openContinuation`. */
export function continuePipeline(
  ctx: EngineContext,
  key: string,
  given: ContinuationRequest,
  compiled: { source: string; compiled: string; plan: Plan },
): Promise<void> {
  return ctx.transact(async (tx) => {
    const row = usable(await byKey(tx.db, key).forNoKeyUpdate().executeTakeFirst(), tx.now)
    await tx.db
      .updateTable('pipelines')
      .set({ continuation: toJson(continuationOf(row, given)), continuation_sealed: null, errors: toJson([]) })
      .where('id', '=', row.id)
      .execute()
    await startWorkflows(tx, row, compiled)
  })
}

function byKey(db: Kysely<Schema>, key: string) {
  return db.selectFrom('pipelines').selectAll().where('continuation_hash', '=', hashOf(key))
}

function usable(row: Selectable<PipelinesTable> | undefined, now: Date): Selectable<PipelinesTable> {
  if (!row) throw new OrreryError('ORY_TOKEN_INVALID')
  if (row.state !== 'setup') throw new OrreryError('ORY_CONFLICT', ['Pipeline is not in setup state'])
  if (now.getTime() - row.created_at.getTime() <= keyLifetimeMs) return row
  throw new OrreryError('ORY_CONFLICT', ['The continuation key has expired'])
}

function continuationOf(row: Selectable<PipelinesTable>, given: ContinuationRequest): Continuation {
  return { ...given, source: storable(given.source), setup: row.source ?? '' }
}
