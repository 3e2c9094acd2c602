import { randomUUID } from 'node:crypto'
import { OrreryError, UploadRequest } from '@orrery/protocol'
import type { Selectable } from 'kysely'
import type { EngineContext } from '../context.ts'
import { daysAfter } from '../decisions/retention.ts'
import type { CommitExtra, StoredBlob, TaskLease, Upload } from '../engine.ts'
import { storable, toJson } from '../store/json.ts'
import { heldTask, placeOfTask, type TaskRow } from '../store/queries/leased-task.ts'
import type { UploadsTable } from '../store/schema.ts'
import type { Tx } from '../store/transaction.ts'
import { storeCache } from './caches.ts'
import { storeArtifact, storeCoverage, storeTests, storeWorkspaceLayer } from './store-results.ts'
import { storeImpact } from './test-impact.ts'

/** Longest rendered cache key (execution.md 11.1). */
const maxKeyLength = 900
/** Most bytes of a name that is looked up by an index, which holds no entry of 2,700. */
const maxNameBytes = 2500

/** The upload of that name, made at the first call. ORY_CONFLICT when the name is used with another kind. */
export async function beginUpload(
  ctx: EngineContext,
  lease: TaskLease,
  name: string,
  kind: Upload['kind'],
  meta: unknown,
): Promise<Upload> {
  const request = checkRequest(meta)
  return ctx.transact(async (tx) => {
    const task = await heldTask(tx.db, lease)
    await tx.db
      .insertInto('uploads')
      .values({ id: randomUUID(), task_id: task.id, name, kind, meta: toJson(request), created_at: tx.now })
      .onConflict((conflict) => conflict.columns(['task_id', 'name']).doNothing())
      .execute()
    const row = await tx.db
      .selectFrom('uploads')
      .selectAll()
      .where('task_id', '=', task.id)
      .where('name', '=', name)
      .executeTakeFirstOrThrow()
    if (row.kind === kind && request.kind === kind) return toUpload(row)
    throw new OrreryError('ORY_CONFLICT', [`upload ${name} is of kind ${row.kind}`])
  })
}

/** ORY_NOT_FOUND also for uploads of other tasks. */
export async function upload(ctx: EngineContext, lease: TaskLease, uploadId: string): Promise<Upload> {
  await heldTask(ctx.db, lease)
  const row = await ctx.db
    .selectFrom('uploads')
    .selectAll()
    .where('id', '=', uploadId)
    .where('task_id', '=', lease.taskId)
    .executeTakeFirst()
  if (row) return toUpload(row)
  throw new OrreryError('ORY_NOT_FOUND', ['Upload'])
}

/** Makes the upload visible, once: a repeat answers what the first commit did. */
export function commitUpload(
  ctx: EngineContext,
  lease: TaskLease,
  uploadId: string,
  blob: StoredBlob,
  extra: CommitExtra,
): Promise<'stored' | 'exists'> {
  return ctx.transact(async (tx) => {
    const task = await heldTask(tx.db, lease, 'lock')
    const row = await tx.db
      .selectFrom('uploads')
      .selectAll()
      .where('id', '=', uploadId)
      .where('task_id', '=', task.id)
      .forNoKeyUpdate()
      .executeTakeFirst()
    if (!row) throw new OrreryError('ORY_NOT_FOUND', ['Upload'])
    if (row.outcome !== null) return row.outcome

    const outcome = await store(ctx, tx, task, row.meta, blob, extra)
    await tx.db.updateTable('uploads').set({ outcome }).where('id', '=', row.id).execute()
    tx.event(`${row.kind}.${outcome}`, placeOfTask(task), {
      nodeIndex: task.node_index,
      name: storable(row.name),
      size: blob.size,
    })
    return outcome
  })
}

async function store(
  { options: { retention } }: EngineContext,
  tx: Tx,
  task: TaskRow,
  request: UploadRequest,
  blob: StoredBlob,
  extra: CommitExtra,
): Promise<'stored' | 'exists'> {
  switch (request.kind) {
    case 'cache':
      return storeCache(tx, task, request, blob, retention.cacheDays)
    case 'workspace':
      await storeWorkspaceLayer(tx, task, request.step, blob, {
        files: extra.files ?? [],
        expiresAt: daysAfter(tx.now, retention.workspaceDays),
      })
      return 'stored'
    case 'artifact':
      await storeArtifact(
        tx,
        task,
        request,
        blob,
        retention.artifactDays === null ? null : daysAfter(tx.now, retention.artifactDays),
      )
      return 'stored'
    case 'tests':
      for await (const tests of extra.tests?.() ?? []) await storeTests(tx, task, tests)
      return 'stored'
    case 'coverage':
      for await (const files of extra.coverage?.() ?? []) await storeCoverage(tx, task, request, files)
      return 'stored'
    case 'impact':
      await storeImpact(tx, task, request, blob, daysAfter(tx.now, retention.cacheDays))
      return 'stored'
  }
}

function checkRequest(meta: unknown): UploadRequest {
  const parsed = UploadRequest.safeParse(meta)
  if (!parsed.success) throw new OrreryError('ORY_BAD_REQUEST', ['this is not an upload request'])
  const request = parsed.data
  if (request.kind === 'cache' && (request.key === '' || [...request.key].length > maxKeyLength)) {
    throw new OrreryError('ORY_BAD_REQUEST', [`a cache key has 1 to ${maxKeyLength} characters`])
  }
  const name = request.kind === 'cache' ? request.key : request.kind === 'artifact' ? request.path : ''
  if (Buffer.byteLength(name) > maxNameBytes) {
    throw new OrreryError('ORY_BAD_REQUEST', [`a ${request.kind} is named by at most ${maxNameBytes} bytes`])
  }
  return request
}

function toUpload(row: Selectable<UploadsTable>): Upload {
  const { id, name, kind, meta } = row
  return { id, taskId: row.task_id, name, kind, meta, committed: row.outcome !== null }
}
