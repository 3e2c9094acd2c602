import { sql } from 'kysely'
import type { EngineContext } from '../context.ts'
import type { TaskLease, TaskScope } from '../engine.ts'
import {
  afterglowMs,
  gone,
  heldTask,
  leasedTask,
  placeOfTask,
  stillListens,
  type TaskRow,
} from '../store/queries/leased-task.ts'
import { lockWorkflow } from '../store/queries/lock-workflow.ts'
import { endTask, tasksMoved } from './task-ends.ts'

/**
 * Extends the lease and holds the call until a cancel arrives. The lease is counted from the arrival and again from the
 * answer; the agent counts from when it sent the call, so it always gives up before the server does.
 */
export async function renewLease(
  ctx: EngineContext,
  lease: TaskLease,
  options: { waitMs: number; signal?: AbortSignal },
): Promise<'continue' | 'cancel'> {
  const deadline = performance.now() + options.waitMs
  const command = await extend(ctx, lease)
  if (command === 'cancel' || options.waitMs <= 0) return command
  for (;;) {
    const left = deadline - performance.now()
    const wait = ctx.signals.wait('orrery_cancel', (taskId) => taskId === lease.taskId, left, options.signal)
    try {
      const task = await heldTask(ctx.db, lease)
      if (task.cancel_requested) return 'cancel'
      if (options.signal?.aborted || ctx.signals.closed) return 'continue'
      if (left <= 0) return extend(ctx, lease)
      await wait.done
    } finally {
      wait.cancel()
    }
  }
}

async function extend(ctx: EngineContext, lease: TaskLease): Promise<'continue' | 'cancel'> {
  const until = new Date(ctx.options.clock.now().getTime() + ctx.options.leaseS * 1000)
  const row = await ctx.db
    .updateTable('tasks')
    .set({ lease_until: until })
    .where('id', '=', lease.taskId)
    .where('epoch', '=', lease.epoch)
    .where('state', '=', 'claimed')
    .returning('cancel_requested')
    .executeTakeFirst()
  if (row) return row.cancel_requested ? 'cancel' : 'continue'
  await heldTask(ctx.db, lease)
  throw gone(lease)
}

/** ORY_TASK_GONE unless the holder may still add to the task's logs: shortly after the end, too. */
export async function checkLease(ctx: EngineContext, lease: TaskLease): Promise<void> {
  if (!stillListens(await leasedTask(ctx.db, lease), ctx.options.clock.now())) throw gone(lease)
}

/** Facts for scoping; also shortly after the end, when the last logs of service containers arrive. */
export async function taskScope(ctx: EngineContext, lease: TaskLease): Promise<TaskScope> {
  const task = await leasedTask(ctx.db, lease)
  if (!stillListens(task, ctx.options.clock.now())) throw gone(lease)
  const row = await ctx.db
    .selectFrom('workflows')
    .innerJoin('pipelines', 'pipelines.id', 'workflows.pipeline_id')
    .innerJoin('projects', 'projects.id', 'workflows.project_id')
    .select(['workflows.workspace_id', 'pipelines.revision', 'projects.slug'])
    .where('workflows.id', '=', task.workflow_id)
    .executeTakeFirstOrThrow()
  return {
    taskId: task.id,
    jobId: task.job_id,
    projectId: task.project_id,
    projectSlug: row.slug,
    workspaceId: row.workspace_id,
    workflowId: task.workflow_id,
    nodeIndex: task.node_index,
    revision: row.revision,
  }
}

/**
 * Ends tasks whose holder fell silent. Each is its own transaction: one that fails does not keep the others. Also
 * closes steps that nobody closed within the afterglow of their task.
 */
export async function expireLeases(ctx: EngineContext, now: Date): Promise<number> {
  const late = await ctx.db
    .selectFrom('tasks')
    .select(['id', 'workflow_id', 'epoch'])
    .where('state', '=', 'claimed')
    .where('lease_until', '<', now)
    .execute()
  let expired = 0
  for (const { id, workflow_id, epoch } of late) {
    if (await expire(ctx, workflow_id, { taskId: id, epoch }, now)) expired++
  }
  await closeForgottenSteps(ctx, now)
  return expired
}

function expire(ctx: EngineContext, workflowId: string, lease: TaskLease, now: Date): Promise<boolean> {
  return ctx.transact(async (tx) => {
    const workflow = await lockWorkflow(tx, workflowId)
    const task = await tx.db
      .selectFrom('tasks')
      .selectAll()
      .where('id', '=', lease.taskId)
      .where('epoch', '=', lease.epoch)
      .where('state', '=', 'claimed')
      .where('lease_until', '<', now)
      .forNoKeyUpdate()
      .executeTakeFirst()
    if (!task) return false
    const reason = `the runner was lost: no sign of life for ${ctx.options.leaseS} s`
    await endTask(tx, task, 'infrastructure_fail', reason, { giveUp: true })
    await tasksMoved(tx, workflow, [task.job_id])
    return true
  })
}

/** Each closed step is an event, or a reader that waits for the end of its log would wait for ever. */
function closeForgottenSteps(ctx: EngineContext, now: Date): Promise<void> {
  const before = new Date(now.getTime() - afterglowMs)
  return ctx.transact(async (tx) => {
    const { rows } = await sql<TaskRow & { step: number; attempt: number }>`
      update steps set status = 'canceled', ended_at = ${now} from tasks
      where steps.status = 'running' and tasks.id = steps.task_id
        and tasks.state = 'ended' and tasks.ended_at < ${before}
      returning tasks.*, steps.step, steps.attempt`.execute(tx.db)
    for (const row of rows) {
      const { node_index: nodeIndex, step, attempt } = row
      tx.event('step.ended', placeOfTask(row), { nodeIndex, step, attempt, status: 'canceled' })
    }
  })
}

/** No lease ends later either: one that was counted by a clock which was ahead would hide a lost runner. */
export async function giveFullLeases(ctx: EngineContext, now: Date): Promise<void> {
  const until = new Date(now.getTime() + ctx.options.leaseS * 1000)
  await ctx.db.updateTable('tasks').set({ lease_until: until }).where('state', '=', 'claimed').execute()
}
