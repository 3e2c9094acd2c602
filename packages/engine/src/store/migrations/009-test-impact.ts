import { type Kysely, sql } from 'kysely'

/**
 * Test impact analysis (execution.md 16.4). `impact_parts`: documents that say which files a test used; those of one
 * project, scope and key together are the data of a suite. The word of a newer pipeline counts more than that of an older
 * one, however late it comes. A replaced one is no longer named, but is read for a while by whoever was told of it before. `test_selections`: the tests that the nodes of a job agreed to run.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

const statements = [
  `create table impact_parts (
    id uuid primary key,
    serial bigserial,
    project_id uuid not null references projects,
    scope text not null,
    key text not null,
    pipeline_number bigint not null,
    blob_key text not null,
    size bigint not null,
    sha256 text not null,
    job_id uuid not null references jobs,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    replaced boolean not null default false
  )`,
  'create index impact_parts_newest on impact_parts (project_id, scope, key, pipeline_number desc, serial desc)',
  'create index impact_parts_expiry on impact_parts (expires_at)',
  'create index impact_parts_blob on impact_parts (blob_key)',
  `create table test_selections (
    job_id uuid not null references jobs,
    suite text not null,
    question text not null,
    selection json not null,
    skips boolean not null,
    primary key (job_id, suite, question)
  )`,
]
