import { type JobSummary, OrreryError, type WorkflowView } from '@orrery/protocol'
import type { Selectable } from 'kysely'
import type { EngineContext } from '../context.ts'
import type { JobsTable } from '../store/schema.ts'
import { pipelineHead, toWorkflowSummary } from './pipelines.ts'

export async function workflow(ctx: EngineContext, id: string): Promise<WorkflowView> {
  const row = await ctx.db.selectFrom('workflows').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw new OrreryError('ORY_NOT_FOUND', ['Workflow'])
  const jobs = await ctx.db
    .selectFrom('jobs')
    .select(jobSummaryColumns)
    .where('workflow_id', '=', id)
    .orderBy('position')
    .execute()
  return {
    ...toWorkflowSummary(row),
    pipeline: await pipelineHead(ctx, row.pipeline_id),
    jobs: jobs.map(toJobSummary),
  }
}

export const jobSummaryColumns = [
  'jobs.id',
  'jobs.name',
  'jobs.type',
  'jobs.status',
  'jobs.job_number',
  'jobs.requires',
  'jobs.parallelism',
  'jobs.started_at',
  'jobs.stopped_at',
  'jobs.reason',
] as const

type SummaryRow = Pick<
  Selectable<JobsTable>,
  'id' | 'name' | 'type' | 'status' | 'job_number' | 'requires' | 'parallelism' | 'started_at' | 'stopped_at' | 'reason'
>

export function toJobSummary(row: SummaryRow): JobSummary {
  return {
    id: row.id,
    name: row.name,
    type: row.type,
    status: row.status,
    jobNumber: row.job_number,
    requires: row.requires.map((one) => one.jobId),
    parallelism: row.parallelism,
    startedAt: row.started_at?.toISOString() ?? null,
    stoppedAt: row.stopped_at?.toISOString() ?? null,
    approvalRequestId: row.type === 'approval' ? row.id : null,
    reason: row.reason,
  }
}
