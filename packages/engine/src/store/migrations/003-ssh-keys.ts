import { type Kysely, sql } from 'kysely'

/** Additional SSH keys of projects. The private part is sealed like a variable; a key may serve several hosts. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`create table project_ssh_keys (
      project_id uuid not null references projects,
      hostname text not null,
      fingerprint_md5 text not null,
      fingerprint_sha256 text not null,
      public_key text not null,
      sealed bytea not null,
      created_at timestamptz not null,
      primary key (project_id, fingerprint_sha256, hostname)
    )`)
    .execute(db)
}
