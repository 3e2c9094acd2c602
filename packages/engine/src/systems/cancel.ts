import { isEndedJob, isEndedWorkflow, OrreryError } from '@orrery/protocol'
import type { EngineContext } from '../context.ts'
import { cancelJobs } from '../decisions/cancel.ts'
import type { Actor } from '../engine.ts'
import { type JobRow, jobsOfWorkflow } from '../store/queries/jobs-of-workflow.ts'
import { lockWorkflow } from '../store/queries/lock-workflow.ts'
import type { Tx } from '../store/transaction.ts'
import { jobStates } from './advance.ts'
import { writeJobChanges } from './job-changes.ts'
import { moveWorkflow } from './move-workflow.ts'
import { endTask, syncJobs } from './task-ends.ts'

/**
 * Cancels all jobs of a workflow (platform.md 7.6). Jobs without a task end at once; a running job is `canceled` when
 * its agent stopped its steps, or when its lease ran out. Repeating it is fine; ORY_CONFLICT when the workflow ended
 * otherwise.
 */
export async function cancelWorkflow(ctx: EngineContext, workflowId: string, actor: Actor): Promise<void> {
  await ctx.transact(async (tx) => {
    const workflow = await lockWorkflow(tx, workflowId)
    if (workflow.canceled_by !== null) return
    if (isEndedWorkflow(workflow.status)) {
      throw new OrreryError('ORY_CONFLICT', [`the workflow has ended: ${workflow.status}`])
    }
    await tx.db.updateTable('workflows').set({ canceled_by: actor.login }).where('id', '=', workflowId).execute()
    const place = { projectId: workflow.project_id, pipelineId: workflow.pipeline_id, workflowId }
    tx.event('workflow.cancel_requested', place, { actor: actor.login })
    const jobs = await jobsOfWorkflow(tx.db, workflowId)
    await cancelAll(tx, { ...workflow, canceled_by: actor.login }, jobs, actor)
  })
}

/** Cancels one job; its dependants follow their `requires` (platform.md 7.3). */
export async function cancelJob(ctx: EngineContext, jobId: string, actor: Actor): Promise<void> {
  const row = await ctx.db.selectFrom('jobs').select('workflow_id').where('id', '=', jobId).executeTakeFirst()
  if (!row) throw new OrreryError('ORY_NOT_FOUND', ['Job'])
  await ctx.transact(async (tx) => {
    const workflow = await lockWorkflow(tx, row.workflow_id)
    const jobs = await jobsOfWorkflow(tx.db, workflow.id)
    const job = jobs.find((one) => one.id === jobId)
    if (!job || job.status === 'canceled' || (job.canceled_by !== null && !isEndedJob(job.status))) return
    if (isEndedJob(job.status)) throw new OrreryError('ORY_CONFLICT', [`the job has ended: ${job.status}`])
    await cancelAll(tx, workflow, [job], actor)
  })
}

async function cancelAll(
  tx: Tx,
  workflow: Awaited<ReturnType<typeof lockWorkflow>>,
  targets: readonly JobRow[],
  actor: Actor,
): Promise<void> {
  const { changes, stop } = cancelJobs(await jobStates(tx, targets))
  const touched = [...changes.map((change) => change.jobId), ...stop]
  if (touched.length > 0) {
    await tx.db.updateTable('jobs').set({ canceled_by: actor.login }).where('id', 'in', touched).execute()
  }
  await writeJobChanges(tx, targets, changes)
  await stopTasks(tx, stop)
  await syncJobs(tx, workflow.id, stop)
  await moveWorkflow(tx, workflow)
}

/** Tasks that nobody claimed end here; holders of the others are told, at once (`renewLease`). */
async function stopTasks(tx: Tx, jobIds: readonly string[]): Promise<void> {
  if (jobIds.length === 0) return
  const tasks = await tx.db
    .selectFrom('tasks')
    .selectAll()
    .where('job_id', 'in', jobIds)
    .where('state', '!=', 'ended')
    .orderBy('id')
    .forNoKeyUpdate()
    .execute()
  for (const task of tasks) {
    if (task.state === 'runnable') await endTask(tx, task, 'canceled', null)
    else tx.notify('orrery_cancel', task.id)
  }
  const held = tasks.filter((task) => task.state === 'claimed').map((task) => task.id)
  if (held.length === 0) return
  await tx.db.updateTable('tasks').set({ cancel_requested: true }).where('id', 'in', held).execute()
}
