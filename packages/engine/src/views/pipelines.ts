import { OrreryError, type PipelineView, type WorkflowSummary } from '@orrery/protocol'
import type { Kysely } from 'kysely'
import type { EngineContext } from '../context.ts'
import type { Schema } from '../store/schema.ts'

export type PipelineHead = Omit<PipelineView, 'workflows'>

interface Filter {
  projectId?: string
  branch?: string
  before?: number
  limit: number
}

/**
 * Newest first. `before` and `next` count pipeline numbers within one project, and creation order over all of them:
 * numbers of different projects cannot be compared.
 */
export async function listPipelines(
  ctx: EngineContext,
  filter: Filter,
): Promise<{ items: PipelineView[]; next: string | null }> {
  const key = filter.projectId === undefined ? 'pipelines.serial' : 'pipelines.number'
  const rows = await heads(ctx.db)
    .$if(filter.projectId !== undefined, (query) => query.where('pipelines.project_id', '=', filter.projectId ?? ''))
    .$if(filter.branch !== undefined, (query) => query.where('pipelines.branch', '=', filter.branch ?? ''))
    .$if(filter.before !== undefined, (query) => query.where(key, '<', filter.before ?? 0))
    .orderBy(key, 'desc')
    .limit(filter.limit + 1)
    .execute()
  const shown = rows.slice(0, filter.limit)
  const last = shown.at(-1)
  const position = filter.projectId === undefined ? last?.serial : last?.number
  return {
    items: await withWorkflows(ctx.db, shown),
    next: rows.length > shown.length && position !== undefined ? String(position) : null,
  }
}

export async function pipeline(ctx: EngineContext, id: string): Promise<PipelineView> {
  const rows = await heads(ctx.db).where('pipelines.id', '=', id).execute()
  const [view] = await withWorkflows(ctx.db, rows)
  if (!view) throw new OrreryError('ORY_NOT_FOUND', ['Pipeline'])
  return view
}

export async function pipelineByNumber(ctx: EngineContext, projectId: string, number: number): Promise<PipelineView> {
  const rows = await heads(ctx.db)
    .where('pipelines.project_id', '=', projectId)
    .where('pipelines.number', '=', number)
    .execute()
  const [view] = await withWorkflows(ctx.db, rows)
  if (!view) throw new OrreryError('ORY_NOT_FOUND', ['Pipeline'])
  return view
}

export async function pipelineHead(ctx: EngineContext, id: string): Promise<PipelineHead> {
  const row = await heads(ctx.db).where('pipelines.id', '=', id).executeTakeFirst()
  if (!row) throw new OrreryError('ORY_NOT_FOUND', ['Pipeline'])
  return toHead(row)
}

/** Empty texts until the pipeline was compiled. */
export async function pipelineConfig(ctx: EngineContext, id: string): Promise<{ source: string; compiled: string }> {
  const row = await ctx.db
    .selectFrom('pipelines')
    .select(['source', 'compiled'])
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw new OrreryError('ORY_NOT_FOUND', ['Pipeline'])
  return { source: row.source ?? '', compiled: row.compiled ?? '' }
}

function heads(db: Kysely<Schema>) {
  return db
    .selectFrom('pipelines')
    .innerJoin('projects', 'projects.id', 'pipelines.project_id')
    .select([
      'pipelines.id',
      'pipelines.serial',
      'pipelines.number',
      'projects.slug',
      'projects.name',
      'pipelines.state',
      'pipelines.branch',
      'pipelines.tag',
      'pipelines.revision',
      'pipelines.subject',
      'pipelines.author',
      'pipelines.trigger',
      'pipelines.created_at',
      'pipelines.errors',
    ])
}

type HeadRow = Awaited<ReturnType<ReturnType<typeof heads>['execute']>>[number]

function toHead(row: HeadRow): PipelineHead {
  return {
    id: row.id,
    number: row.number,
    projectSlug: row.slug,
    projectName: row.name,
    state: row.state,
    branch: row.branch,
    tag: row.tag,
    revision: row.revision,
    subject: row.subject,
    author: row.author,
    trigger: row.trigger,
    createdAt: row.created_at.toISOString(),
    errors: row.errors,
  }
}

async function withWorkflows(db: Kysely<Schema>, rows: readonly HeadRow[]): Promise<PipelineView[]> {
  if (rows.length === 0) return []
  const workflows = await db
    .selectFrom('workflows')
    .select(['id', 'pipeline_id', 'name', 'status', 'created_at', 'stopped_at'])
    .where(
      'pipeline_id',
      'in',
      rows.map((row) => row.id),
    )
    .orderBy('created_at')
    .orderBy('name')
    .execute()
  return rows.map((row) => ({
    ...toHead(row),
    workflows: workflows.filter((one) => one.pipeline_id === row.id).map(toWorkflowSummary),
  }))
}

export function toWorkflowSummary(row: {
  id: string
  name: string
  status: WorkflowSummary['status']
  created_at: Date
  stopped_at: Date | null
}): WorkflowSummary {
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    createdAt: row.created_at.toISOString(),
    stoppedAt: row.stopped_at?.toISOString() ?? null,
  }
}
