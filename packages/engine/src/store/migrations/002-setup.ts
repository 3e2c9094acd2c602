import { type Kysely, sql } from 'kysely'

/**
 * Setup pipelines (platform.md 6): the key that continues one, sealed for its jobs and hashed for the call that brings it
 * back, and what that call gave.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    `alter table pipelines
      add column continuation_sealed bytea,
      add column continuation_hash text,
      add column continuation json`,
    `create unique index pipelines_continuation on pipelines (continuation_hash) where continuation_hash is not null`,
  ]
  for (const statement of statements) await sql.raw(statement).execute(db)
}
