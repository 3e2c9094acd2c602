import { randomUUID } from 'node:crypto'
import { OrreryError, type PipelineError } from '@orrery/protocol'
import type { Selectable } from 'kysely'
import type { EngineContext } from '../context.ts'
import type { PendingPipeline, PipelineRequest, Project } from '../engine.ts'
import { storable, toJson } from '../store/json.ts'
import type { PipelinesTable } from '../store/schema.ts'
import type { Tx } from '../store/transaction.ts'

/** State `pending`, with the project's next number (platform.md 3.7, step 6). */
export async function beginPipeline(ctx: EngineContext, request: PipelineRequest): Promise<PendingPipeline> {
  const { vcs } = request
  if ((vcs.branch === undefined) === (vcs.tag === undefined)) {
    throw new OrreryError('ORY_BAD_REQUEST', ['a pipeline needs a branch or a tag, not both'])
  }
  return ctx.transact(async (tx) => {
    const project = await tx.db
      .updateTable('projects')
      .set((eb) => ({ next_pipeline_number: eb('next_pipeline_number', '+', 1) }))
      .where('id', '=', request.projectId)
      .returningAll()
      .executeTakeFirst()
    if (!project) throw new OrreryError('ORY_NOT_FOUND', ['Project'])
    const row = await tx.db
      .insertInto('pipelines')
      .values({
        id: randomUUID(),
        project_id: project.id,
        number: project.next_pipeline_number - 1,
        state: 'pending',
        trigger: request.trigger,
        actor: request.actor.login,
        branch: vcs.branch ?? null,
        tag: vcs.tag ?? null,
        revision: vcs.revision,
        subject: storable(vcs.subject),
        body: storable(vcs.body),
        author: storable(vcs.author),
        parameters: toJson(request.parameters),
        narrow: toJson(request.only),
        fork: toJson(request.fork),
        errors: toJson([]),
        created_at: tx.now,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
    tx.event(
      'pipeline.pending',
      { projectId: project.id, pipelineId: row.id },
      { number: row.number, trigger: row.trigger, actor: row.actor },
    )
    return toPending(row, {
      id: project.id,
      slug: project.slug,
      name: project.name,
      defaultBranch: project.default_branch,
    })
  })
}

/** Oldest first: what a server that died left between begin and start. */
export async function pendingPipelines(ctx: EngineContext): Promise<PendingPipeline[]> {
  const rows = await ctx.db
    .selectFrom('pipelines')
    .innerJoin('projects', 'projects.id', 'pipelines.project_id')
    .selectAll('pipelines')
    .select(['projects.slug', 'projects.name', 'projects.default_branch'])
    .where('pipelines.state', '=', 'pending')
    .orderBy('pipelines.serial')
    .execute()
  return rows.map((row) =>
    toPending(row, { id: row.project_id, slug: row.slug, name: row.name, defaultBranch: row.default_branch }),
  )
}

/** Config could not be had, compiled or accepted: state `errored`, for good. */
export function failPipeline(ctx: EngineContext, id: string, errors: PipelineError[], source?: string): Promise<void> {
  return ctx.transact(async (tx) => {
    const pipeline = await lockPending(tx, id)
    await tx.db
      .updateTable('pipelines')
      .set({ state: 'errored', errors: toJson(errors), source: source === undefined ? null : storable(source) })
      .where('id', '=', id)
      .execute()
    tx.event('pipeline.errored', { projectId: pipeline.project_id, pipelineId: id }, { number: pipeline.number })
  })
}

/** Throws ORY_NOT_FOUND, or ORY_CONFLICT when the pipeline was started or failed before. */
export async function lockPending(tx: Tx, id: string): Promise<Selectable<PipelinesTable>> {
  const row = await tx.db.selectFrom('pipelines').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst()
  if (!row) throw new OrreryError('ORY_NOT_FOUND', ['Pipeline'])
  if (row.state === 'pending') return row
  throw new OrreryError('ORY_CONFLICT', [`pipeline ${row.number} is ${row.state}, not pending`])
}

export function toPending(row: Selectable<PipelinesTable>, project: Project): PendingPipeline {
  return {
    id: row.id,
    number: row.number,
    project,
    createdAt: row.created_at,
    projectId: row.project_id,
    trigger: row.trigger,
    actor: { login: row.actor },
    vcs: {
      ...(row.branch === null ? {} : { branch: row.branch }),
      ...(row.tag === null ? {} : { tag: row.tag }),
      revision: row.revision,
      subject: row.subject,
      body: row.body,
      author: row.author,
    },
    parameters: row.parameters,
    ...(row.continuation === null ? {} : { continuation: row.continuation }),
    ...(row.fork === null ? {} : { fork: row.fork }),
    ...(row.narrow === null ? {} : { only: row.narrow }),
  }
}
