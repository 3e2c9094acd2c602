import { randomUUID } from 'node:crypto'
import type { FileCoverage, TestResult, UploadRequest } from '@orrery/protocol'
import { sql } from 'kysely'
import type { StoredBlob } from '../engine.ts'
import { storable, toJson } from '../store/json.ts'
import type { TaskRow } from '../store/queries/leased-task.ts'
import type { Tx } from '../store/transaction.ts'

/** One layer per `persist_to_workspace` step and node (execution.md 12.1). */
export async function storeWorkspaceLayer(
  tx: Tx,
  task: TaskRow,
  step: number,
  blob: StoredBlob,
  { files, expiresAt }: { files: readonly string[]; expiresAt: Date },
): Promise<void> {
  const { workspace_id } = await tx.db
    .selectFrom('workflows')
    .select('workspace_id')
    .where('id', '=', task.workflow_id)
    .executeTakeFirstOrThrow()
  await tx.db
    .insertInto('workspace_layers')
    .values({
      id: randomUUID(),
      workspace_id,
      job_id: task.job_id,
      task_id: task.id,
      node_index: task.node_index,
      step,
      files: toJson(files),
      ...blobColumns(blob),
      created_at: tx.now,
      expires_at: expiresAt,
    })
    .execute()
}

/** A path stored twice by one node is the later file. */
export async function storeArtifact(
  tx: Tx,
  task: TaskRow,
  request: Extract<UploadRequest, { kind: 'artifact' }>,
  blob: StoredBlob,
  expiresAt: Date | null,
): Promise<void> {
  const columns = {
    ...blobColumns(blob),
    content_type: storable(request.contentType),
    created_at: tx.now,
    expires_at: expiresAt,
  }
  await tx.db
    .insertInto('artifacts')
    .values({
      id: randomUUID(),
      task_id: task.id,
      job_id: task.job_id,
      node_index: task.node_index,
      path: storable(request.path),
      ...columns,
    })
    .onConflict((conflict) => conflict.columns(['job_id', 'node_index', 'path']).doUpdateSet(columns))
    .execute()
}

/** One batch of results in one statement; a report may hold tens of thousands. The job is noted as one that has results. */
export async function storeTests(tx: Tx, task: TaskRow, tests: readonly TestResult[]): Promise<void> {
  if (tests.length === 0) return
  await sql`
    insert into test_runs (job_id, project_id, job_name, branch)
    select jobs.id, jobs.project_id, jobs.name,
      -- a fork's branch of the same name is another branch
      case when pipelines.fork is null or pipelines.fork::text = 'null' then pipelines.branch end
    from jobs join pipelines on pipelines.id = jobs.pipeline_id where jobs.id = ${task.job_id}
    on conflict do nothing`.execute(tx.db)
  const rows = tests.map((test) => ({
    name: storable(test.name),
    classname: storable(test.classname),
    file: test.file === undefined ? null : storable(test.file),
    run_time: test.runTime,
    result: test.result,
    message: storable(test.message),
    source: storable(test.source),
  }))
  await sql`
    insert into tests (task_id, job_id, node_index, name, classname, file, run_time, result, message, source)
    select ${task.id}, ${task.job_id}, ${task.node_index}::int, name, classname, file, run_time, result, message, source
    from json_to_recordset(${toJson(rows)}::json) as t(
      name text, classname text, file text, run_time float8, result text, message text, source text
    )`.execute(tx.db)
}

/** One batch of the files of one coverage report. */
export async function storeCoverage(
  tx: Tx,
  task: TaskRow,
  request: Extract<UploadRequest, { kind: 'coverage' }>,
  files: readonly FileCoverage[],
): Promise<void> {
  if (files.length === 0) return
  const { id, job_id, node_index } = task
  const { format } = request
  const report = storable(request.report)
  await tx.db
    .insertInto('coverage')
    .values(
      files.map(({ file, lines, branches }) => ({
        task_id: id,
        job_id,
        node_index,
        report,
        format,
        file: storable(file),
        lines_covered: lines.covered,
        lines_total: lines.total,
        branches_covered: branches.covered,
        branches_total: branches.total,
      })),
    )
    .execute()
}

export function blobColumns(blob: StoredBlob) {
  return { blob_key: blob.blobKey, size: blob.size, sha256: blob.sha256 }
}
