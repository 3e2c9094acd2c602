import { type Kysely, type Selectable, sql } from 'kysely'
import type { Schema, TasksTable } from '../schema.ts'

/**
 * Takes the runnable task of the offered executors that was made first (a released one keeps its place). `skip locked` lets any number of claimers pass each other:
 * each takes another row, none waits. The epoch rises with every claim; both event counters start anew with it.
 */
export async function claimNext(
  db: Kysely<Schema>,
  runner: { id: string; executors: readonly string[] },
  leaseUntil: Date,
): Promise<Selectable<TasksTable> | undefined> {
  const { rows } = await sql<Selectable<TasksTable>>`
    with next as (
      select id from tasks
      where state = 'runnable' and executor = any(${runner.executors})
      order by serial
      limit 1
      for no key update skip locked
    )
    update tasks set
      state = 'claimed', epoch = epoch + 1, runner_id = ${runner.id}, lease_until = ${leaseUntil},
      agent_seq = 0, runner_seq = 0
    from next where tasks.id = next.id
    returning tasks.*`.execute(db)
  return rows[0]
}
