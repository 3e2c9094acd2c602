import { type Kysely, sql } from 'kysely'

/**
 * Where stored data belongs and how long it lives. Decisions a reader may wonder about:
 * - `caches.scope` is the empty text for the project itself, so that one unique index holds for both kinds of scope.
 * - Workspace layers keep their rows when their bytes are gone: a rerun that attaches them has to say so.
 * - Each table that names a blob has an index on it; the garbage collection asks them before it removes a blob.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

const statements = [
  'alter table pipelines add column fork json',
  `alter table caches add column scope text not null default ''`,
  'alter table caches drop constraint caches_project_id_key_key',
  'create unique index caches_of_scope on caches (project_id, scope, key)',
  'drop index caches_newest',
  'create index caches_newest on caches (project_id, scope, serial desc)',
  'create index caches_expiry on caches (expires_at)',
  'create index caches_blob on caches (blob_key)',
  'alter table workspace_layers add column expires_at timestamptz',
  `update workspace_layers set expires_at = created_at + interval '15 days'`,
  'alter table workspace_layers alter column expires_at set not null',
  'create index workspace_layers_blob on workspace_layers (blob_key)',
  'alter table artifacts add column expires_at timestamptz',
  `update artifacts set expires_at = created_at + interval '30 days'`,
  'create index artifacts_expiry on artifacts (expires_at)',
  'create index artifacts_blob on artifacts (blob_key)',
  'create index pipelines_revision on pipelines (project_id, revision)',
  'create index jobs_of_pipeline on jobs (pipeline_id)',
  `create table coverage (
    id bigserial primary key,
    task_id uuid not null references tasks,
    job_id uuid not null references jobs,
    node_index integer not null,
    report text not null,
    format text not null,
    file text not null,
    lines_covered integer not null,
    lines_total integer not null,
    branches_covered integer not null,
    branches_total integer not null
  )`,
  'create index coverage_of_job on coverage (job_id, id)',
]
