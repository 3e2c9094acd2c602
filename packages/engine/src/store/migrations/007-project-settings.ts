import { type Kysely, sql } from 'kysely'

/** What people decide for a project, and which of its Docker layers count: those of the newest generation. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table projects
    add column disable_ssh boolean not null default false,
    add column forks_read_caches boolean not null default false,
    add column layer_generation integer not null default 0`.execute(db)
}
