import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, type Selectable, sql } from 'kysely'
import type { EngineContext } from '../context.ts'
import type { LoggedEvent } from '../engine.ts'
import type { EventsTable, Schema } from '../store/schema.ts'
import { pollFloorMs } from '../store/signals.ts'

/** Before every event: transaction ids begin at 3. */
const beginning = '0-0'

/** Older than any transaction of ours. */
const rebasedTx = '3'

/**
 * Transaction ids mean something in one PostgreSQL installation only. A database that was dumped and restored into a
 * younger one brings ids from the future, and its events would stay hidden until that comes. Here all of them get one
 * old id, so that they are visible and in their serial order; `readEvents` understands cursors of the former time.
 */
export async function rebaseRestoredEvents(db: Kysely<Schema>): Promise<void> {
  await sql`
    update events set tx = ${rebasedTx}::xid8
    where exists (select 1 from events where tx >= pg_snapshot_xmax(pg_current_snapshot()))`.execute(db)
}

/**
 * Events after the cursor. Serial numbers are taken before the commit, so a reader that trusts them alone misses the
 * event of a slow transaction. Each row carries its transaction's id, and only rows below the oldest transaction still
 * running are shown: whatever commits later sorts after them.
 */
export async function readEvents(ctx: EngineContext, after: string | null, limit: number): Promise<LoggedEvent[]> {
  const { tx, id } = parseCursor(after ?? beginning)
  const { rows } = await sql<Selectable<EventsTable>>`
    select * from events
    where (tx, id) > (
        case when ${tx}::xid8 < pg_snapshot_xmax(pg_current_snapshot()) then ${tx}::xid8 else ${rebasedTx}::xid8 end,
        ${id}::bigint
      )
      and tx < pg_snapshot_xmin(pg_current_snapshot())
    order by tx, id
    limit ${limit}`.execute(ctx.db)
  return rows.map((row) => ({
    cursor: `${row.tx}-${row.id}`,
    kind: row.kind,
    at: row.at,
    projectId: row.project_id,
    pipelineId: row.pipeline_id,
    workflowId: row.workflow_id,
    jobId: row.job_id,
    taskId: row.task_id,
    data: row.data,
  }))
}

/** The position after everything that is visible now. */
export async function latestCursor(ctx: EngineContext): Promise<string> {
  const { rows } = await sql<{ tx: string; id: number }>`
    select tx, id from events where tx < pg_snapshot_xmin(pg_current_snapshot())
    order by tx desc, id desc limit 1`.execute(ctx.db)
  return rows[0] ? `${rows[0].tx}-${rows[0].id}` : beginning
}

/** A cursor that is not ours reads from the beginning: showing again is safe, skipping is not. */
function parseCursor(cursor: string): { tx: string; id: string } {
  const parts = /^(?<tx>\d{1,19})-(?<id>\d{1,18})$/.exec(cursor)?.groups
  return { tx: parts?.tx ?? '0', id: parts?.id ?? '0' }
}

export interface EventBell {
  onEvents(listener: () => void): () => void
  close(): void
}

/** How soon to look again while a running transaction still hides events that were announced; doubles up to `most`. */
const hiddenMs = { first: 10, most: 500 }

/**
 * Rings after commits that appended events. A commit's own notice may come while an older transaction still hides the
 * events, and that one may end without a notice; so it rings again until nothing is hidden any more. The poll floor
 * covers lost notices.
 */
export function createEventBell(ctx: EngineContext): EventBell {
  const listeners = new Set<() => void>()
  let following = false
  let again = false
  let closed = false
  const ring = (): void => {
    for (const listener of [...listeners]) listener()
  }
  const unsubscribe = ctx.signals.subscribe('orrery_events', () => {
    ring()
    void follow()
  })
  const floor = setInterval(ring, pollFloorMs)
  floor.unref()

  async function follow(): Promise<void> {
    again = true
    if (following) return
    following = true
    while (again && !closed) {
      again = false
      for (let delay = hiddenMs.first; !closed; delay = Math.min(delay * 2, hiddenMs.most)) {
        const hidden = await hasHidden(ctx).catch(() => false)
        ring()
        if (!hidden) break
        await sleep(delay, undefined, { ref: false })
      }
    }
    following = false
  }

  return {
    onEvents(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close() {
      closed = true
      unsubscribe()
      clearInterval(floor)
      listeners.clear()
    },
  }
}

async function hasHidden(ctx: EngineContext): Promise<boolean> {
  const { rows } = await sql`
    select 1 from events where tx >= pg_snapshot_xmin(pg_current_snapshot()) limit 1`.execute(ctx.db)
  return rows.length > 0
}
