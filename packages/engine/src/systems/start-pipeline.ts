import { randomUUID } from 'node:crypto'
import type { Plan, PlanJob, PlanWorkflow } from '@orrery/config'
import { OrreryError } from '@orrery/protocol'
import type { Insertable, Selectable } from 'kysely'
import type { EngineContext } from '../context.ts'
import { narrowPlan } from '../decisions/narrow-plan.ts'
import { unavailableReason } from '../decisions/unavailable.ts'
import { defaultClass } from '../job-spec/resource-classes.ts'
import { continuationKey } from '../secrets/continuation-key.ts'
import { storable, toJson } from '../store/json.ts'
import { insertJobs } from '../store/queries/insert-jobs.ts'
import type { JobsTable, PipelinesTable, StoredRequirement, WorkflowsTable } from '../store/schema.ts'
import type { Tx } from '../store/transaction.ts'
import { moveWorkflow } from './move-workflow.ts'
import { lockPending } from './pipelines.ts'

/**
 * State `created`, even with zero workflows (platform.md 3.7, step 10), or `setup` for a setup config with one (6); first
 * jobs are runnable at the commit.
 */
export function startPipeline(
  ctx: EngineContext,
  id: string,
  compiled: { source: string; compiled: string; plan: Plan; isSetup?: boolean },
): Promise<void> {
  return ctx.transact(async (tx) => {
    const pipeline = await lockPending(tx, id)
    // What a run is narrowed to is named in the config that the setup workflow goes on with.
    const isSetup = compiled.isSetup === true && compiled.plan.workflows.length > 0
    await startWorkflows(tx, pipeline, compiled, isSetup ? continuationKey(ctx, id) : undefined)
  })
}

/** The part that a continuation has in common with a first start; the caller holds the pipeline's row. */
export async function startWorkflows(
  tx: Tx,
  pipeline: Selectable<PipelinesTable>,
  compiled: { source: string; compiled: string; plan: Plan },
  setupKey?: ReturnType<typeof continuationKey>,
): Promise<void> {
  const { id } = pipeline
  const { plan } = compiled
  const workflows = setupKey === undefined ? narrowPlan(plan.workflows, pipeline.narrow) : plan.workflows
  await tx.db
    .updateTable('pipelines')
    .set({
      state: setupKey === undefined ? 'created' : 'setup',
      source: storable(compiled.source),
      compiled: storable(compiled.compiled),
      ...setupKey,
    })
    .where('id', '=', id)
    .execute()
  tx.event('pipeline.created', { projectId: pipeline.project_id, pipelineId: id }, { number: pipeline.number })
  for (const workflow of workflows) await moveWorkflow(tx, await insertWorkflow(tx, pipeline, workflow))
}

async function insertWorkflow(
  tx: Tx,
  pipeline: Selectable<PipelinesTable>,
  plan: PlanWorkflow,
): Promise<Selectable<WorkflowsTable>> {
  const id = randomUUID()
  const workflow: Selectable<WorkflowsTable> = {
    id,
    pipeline_id: pipeline.id,
    project_id: pipeline.project_id,
    name: storable(plan.name),
    status: 'running',
    workspace_id: id,
    rerun_of: null,
    manual_rerun: false,
    max_auto_reruns: plan.maxAutoReruns ?? 0,
    auto_rerun_number: 0,
    started_by: pipeline.actor,
    canceled_by: null,
    created_at: tx.now,
    stopped_at: null,
  }
  await tx.db.insertInto('workflows').values(workflow).execute()
  tx.event(
    'workflow.created',
    { projectId: pipeline.project_id, pipelineId: pipeline.id, workflowId: id },
    { name: workflow.name, rerunOf: null, manual: false, actor: pipeline.actor },
  )
  await insertJobs(tx, jobRows(workflow, plan.jobs, tx.now))
  return workflow
}

/**
 * A requirement names an earlier job of the list: the plan is in topological order, and a job never satisfies its own
 * requirement (config-language.md 16.5). Anything else would wait for ever, so it is refused here.
 */
function jobRows(workflow: Selectable<WorkflowsTable>, jobs: readonly PlanJob[], now: Date): Insertable<JobsTable>[] {
  const idByName = new Map<string, string>()
  return jobs.map((job, position) => {
    const id = randomUUID()
    const requires: StoredRequirement[] = job.requires.map((one) => {
      const jobId = idByName.get(one.job)
      if (jobId !== undefined) return { jobId, statuses: one.statuses }
      const problem = `job ${job.name} of workflow ${workflow.name} requires ${one.job}, which does not come before it`
      throw new OrreryError('ORY_BAD_REQUEST', [problem])
    })
    idByName.set(job.name, id)
    const executor = job.spec?.executor.type ?? 'none'
    return {
      id,
      workflow_id: workflow.id,
      pipeline_id: workflow.pipeline_id,
      project_id: workflow.project_id,
      name: storable(job.name),
      position,
      type: job.type,
      status: 'blocked' as const,
      plan: toJson(job),
      requires: toJson(requires),
      executor,
      resource_class: storable(job.spec ? (job.spec.resourceClass ?? defaultClass(executor)) : ''),
      parallelism: job.spec?.parallelism ?? 1,
      contexts: job.contexts.map(storable),
      unavailable: job.spec ? unavailableReason(job.spec) : null,
      created_at: now,
    }
  })
}
