import { type Kysely, sql } from 'kysely'

/** SSH into a job (execution.md 19): people's public keys, and for whom a job opens its door. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table user_ssh_keys (
    id uuid primary key,
    login text not null,
    name text not null,
    public_key text not null,
    fingerprint text not null,
    created_at timestamptz not null,
    unique (login, fingerprint)
  )`.execute(db)
  await sql`alter table jobs add column ssh_login text`.execute(db)
}
