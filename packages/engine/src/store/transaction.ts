import { type Kysely, sql, type Transaction } from 'kysely'
import { toJson } from './json.ts'
import type { Schema } from './schema.ts'

/** Where an event happened; absent ids are null in the log. */
export interface EventPlace {
  projectId?: string
  pipelineId?: string
  workflowId?: string
  jobId?: string
  taskId?: string
}

/** NOTIFY only wakes: the rows decide. Payloads: executor type, task id, nothing. */
export type Channel = 'orrery_work' | 'orrery_cancel' | 'orrery_events'

/**
 * One transaction of a system. Events and notices gather here and are written together right before the commit, so a
 * change without its event cannot exist.
 */
export interface Tx {
  readonly db: Transaction<Schema>
  readonly now: Date
  event(kind: string, place: EventPlace, data?: unknown): void
  notify(channel: Channel, payload: string): void
}

/** How often a transaction that lost a deadlock is tried again. Our lock order has none; people's own SQL might. */
const deadlockRetries = 3

/** Runs `work` in one transaction; nothing of it remains when it throws. */
export async function transact<T>(db: Kysely<Schema>, now: Date, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await db.transaction().execute((transaction) => runOnce(transaction, now, work))
    } catch (error) {
      const deadlock = error instanceof Error && 'code' in error && error.code === '40P01'
      if (!deadlock || attempt >= deadlockRetries) throw error
    }
  }
}

async function runOnce<T>(db: Transaction<Schema>, now: Date, work: (tx: Tx) => Promise<T>): Promise<T> {
  const events: NewEvent[] = []
  const notices = new Map<string, { channel: Channel; payload: string }>()
  const tx: Tx = {
    db,
    now,
    event: (kind, place, data) => void events.push({ kind, place, data: data ?? {} }),
    notify: (channel, payload) => void notices.set(`${channel} ${payload}`, { channel, payload }),
  }

  const result = await work(tx)

  if (events.length > 0) tx.notify('orrery_events', '')
  if (notices.size > 0) await tell(db, events, [...notices.values()], now)
  return result
}

interface NewEvent {
  readonly kind: string
  readonly place: EventPlace
  readonly data: unknown
}

/** One statement for any number of events and notices: a large workflow makes thousands in one transaction. */
async function tell(
  db: Transaction<Schema>,
  events: readonly NewEvent[],
  notices: readonly { channel: Channel; payload: string }[],
  now: Date,
): Promise<void> {
  const rows = toJson(events.map(({ kind, place, data }) => ({ kind, ...place, data })))
  await sql`
    with written as (insert into events (kind, at, project_id, pipeline_id, workflow_id, job_id, task_id, data)
    select kind, ${now}::timestamptz, "projectId", "pipelineId", "workflowId", "jobId", "taskId", data
    from json_to_recordset(${rows}::json) as e(
      kind text, "projectId" uuid, "pipelineId" uuid, "workflowId" uuid, "jobId" uuid, "taskId" uuid, data json
    ))
    select pg_notify(channel, payload)
    from json_to_recordset(${toJson(notices)}::json) as n(channel text, payload text)`.execute(db)
}
