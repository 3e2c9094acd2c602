import { sql } from 'kysely'
import type { EngineContext } from '../context.ts'

/** Rows that one statement removes: a large harvest must not hold its locks for minutes. */
const batch = 1000

/** Removes the rows of expired caches, artifacts and impact data; answers how many. Layers of workspaces keep theirs. */
export async function removeExpired(ctx: EngineContext): Promise<number> {
  const now = ctx.options.clock.now()
  let removed = 0
  for (const table of ['caches', 'artifacts', 'impact_parts'] as const) {
    for (;;) {
      const { numDeletedRows } = await ctx.db
        .deleteFrom(table)
        .where('id', 'in', (eb) => eb.selectFrom(table).select('id').where('expires_at', '<=', now).limit(batch))
        .executeTakeFirst()
      removed += Number(numDeletedRows)
      if (numDeletedRows < batch) break
    }
  }
  return removed
}

/** Those of the blobs that a cache, a live workspace layer, an artifact or impact data names. Whoever else keeps blobs adds itself here. */
export async function namedBlobs(ctx: EngineContext, blobKeys: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ key: string }>`
    select asked.key from unnest(${blobKeys}::text[]) as asked(key)
    where exists (select from caches where blob_key = asked.key)
      or exists (select from workspace_layers where blob_key = asked.key and expires_at > ${ctx.options.clock.now()})
      or exists (select from artifacts where blob_key = asked.key)
      or exists (select from impact_parts where blob_key = asked.key)`.execute(ctx.db)
  return new Set(rows.map((row) => row.key))
}

/** Those of the uploads whose bytes may still be wanted: not committed, and their task has not ended. */
export async function openUploads(ctx: EngineContext, uploadIds: readonly string[]): Promise<Set<string>> {
  if (uploadIds.length === 0) return new Set()
  const rows = await ctx.db
    .selectFrom('uploads')
    .innerJoin('tasks', 'tasks.id', 'uploads.task_id')
    .select('uploads.id')
    .where('uploads.id', 'in', [...uploadIds])
    .where('uploads.outcome', 'is', null)
    .where('tasks.state', '!=', 'ended')
    .execute()
  return new Set(rows.map((row) => row.id))
}
