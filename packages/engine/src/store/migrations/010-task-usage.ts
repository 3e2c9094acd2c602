import { type Kysely, sql } from 'kysely'

/** What a task used of the machine, as its agent told at the end (execution.md 21). */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table tasks add column usage json`.execute(db)
}
