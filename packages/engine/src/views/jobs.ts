import { type JobView, OrreryError, type StepView } from '@orrery/protocol'
import { type Selectable } from 'kysely'
import type { EngineContext } from '../context.ts'
import { taskStatus } from '../decisions/job-status.ts'
import type { JobFilter } from '../engine.ts'
import type { StepsTable } from '../store/schema.ts'
import { pipelineHead, toWorkflowSummary } from './pipelines.ts'
import { jobSummaryColumns, toJobSummary } from './workflows.ts'

/** `canRerunWithSsh` as the project has it; what the operator says is the server's to add. */
export async function job(ctx: EngineContext, id: string): Promise<JobView> {
  const row = await ctx.db
    .selectFrom('jobs')
    .select(jobSummaryColumns)
    .select(['workflow_id', 'pipeline_id', 'executor', 'resource_class', 'contexts', 'taken_over_from'])
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw new OrreryError('ORY_NOT_FOUND', ['Job'])
  const workflow = await ctx.db
    .selectFrom('workflows')
    .selectAll()
    .where('id', '=', row.workflow_id)
    .executeTakeFirstOrThrow()
  const project = await ctx.db
    .selectFrom('projects')
    .select('disable_ssh')
    .where('id', '=', workflow.project_id)
    .executeTakeFirstOrThrow()
  return {
    ...toJobSummary(row),
    workflow: toWorkflowSummary(workflow),
    pipeline: await pipelineHead(ctx, row.pipeline_id),
    executor: row.executor,
    resourceClass: row.resource_class,
    contexts: row.contexts,
    canRerunWithSsh: !project.disable_ssh,
    tasks: await tasksOf(ctx, row.taken_over_from ?? row.id),
  }
}

/** The job that ran under the number, not those of reruns which took it over. */
export async function jobByNumber(ctx: EngineContext, projectId: string, number: number): Promise<JobView> {
  const row = await ctx.db
    .selectFrom('jobs')
    .select('id')
    .where('project_id', '=', projectId)
    .where('job_number', '=', number)
    .where('taken_over_from', 'is', null)
    .executeTakeFirst()
  if (!row) throw new OrreryError('ORY_NOT_FOUND', ['Job'])
  return job(ctx, row.id)
}

export async function latestJob(
  ctx: EngineContext,
  projectId: string,
  { branch, filter }: { branch?: string; filter: JobFilter },
): Promise<string> {
  let query = ctx.db
    .selectFrom('jobs')
    .innerJoin('pipelines', 'pipelines.id', 'jobs.pipeline_id')
    .select('jobs.id')
    .where('jobs.project_id', '=', projectId)
    .where('jobs.job_number', 'is not', null)
    .where('jobs.taken_over_from', 'is', null)
    .where('jobs.started_at', 'is not', null)
  if (branch !== undefined) query = query.where('pipelines.branch', '=', branch)
  if (filter === 'running') query = query.where('jobs.status', '=', 'running')
  else query = query.where('jobs.stopped_at', 'is not', null)
  if (filter === 'successful') query = query.where('jobs.status', '=', 'success')
  if (filter === 'failed') query = query.where('jobs.status', '!=', 'success')
  const row = await query.orderBy('jobs.job_number', 'desc').limit(1).executeTakeFirst()
  if (!row) throw new OrreryError('ORY_NOT_FOUND', ['Job'])
  return row.id
}

async function tasksOf(ctx: EngineContext, ranJobId: string): Promise<JobView['tasks']> {
  const tasks = await ctx.db
    .selectFrom('tasks')
    .select(['id', 'node_index', 'state', 'runnable_at', 'started_at', 'ended_at', 'outcome', 'usage'])
    .where('job_id', '=', ranJobId)
    .orderBy('node_index')
    .execute()
  if (tasks.length === 0) return []
  const steps = await ctx.db
    .selectFrom('steps')
    .selectAll()
    .where(
      'task_id',
      'in',
      tasks.map((task) => task.id),
    )
    .orderBy('step')
    .orderBy('attempt')
    .execute()
  return tasks.map((task) => ({
    index: task.node_index,
    status: taskStatus({ ...task, started: task.started_at !== null }),
    runnableAt: task.runnable_at.toISOString(),
    startedAt: task.started_at?.toISOString() ?? null,
    endedAt: task.ended_at?.toISOString() ?? null,
    usage: task.usage,
    steps: steps.filter((step) => step.task_id === task.id).map(toStepView),
  }))
}

function toStepView(row: Selectable<StepsTable>): StepView {
  return {
    step: row.step,
    attempt: row.attempt,
    name: row.name,
    kind: row.kind,
    command: row.command,
    status: row.status,
    exitCode: row.exit_code,
    background: row.background,
    insignificant: row.insignificant,
    hint: row.hint,
    startedAt: row.started_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    logBytes: row.log_bytes,
    origin: row.origin,
  }
}

/** The task whose logs stand for the job's node; of the job that really ran when a rerun took it over. */
export async function taskOf(ctx: EngineContext, jobId: string, nodeIndex: number): Promise<{ taskId: string }> {
  const row = await ctx.db
    .selectFrom('tasks')
    .select('id')
    .where('job_id', '=', await ranJob(ctx, jobId))
    .where('node_index', '=', nodeIndex)
    .executeTakeFirst()
  if (!row) throw new OrreryError('ORY_NOT_FOUND', ['Task'])
  return { taskId: row.id }
}

/** The job that really ran, when a rerun took it over. */
export async function ranJob(ctx: EngineContext, id: string): Promise<string> {
  const row = await ctx.db.selectFrom('jobs').select('taken_over_from').where('id', '=', id).executeTakeFirst()
  if (!row) throw new OrreryError('ORY_NOT_FOUND', ['Job'])
  return row.taken_over_from ?? id
}
