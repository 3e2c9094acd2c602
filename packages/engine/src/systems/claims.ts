import { type JobSpec, OrreryError, withoutRegistryLogins } from '@orrery/protocol'
import { sql } from 'kysely'
import type { EngineContext } from '../context.ts'
import type { ClaimedTask, HeldTask, TaskLease } from '../engine.ts'
import { makeJobSpec, valuesToMask } from '../job-spec/make-job-spec.ts'
import { claimNext } from '../store/queries/claim-next.ts'
import { gone, heldTask, placeOfTask } from '../store/queries/leased-task.ts'
import { lockWorkflow } from '../store/queries/lock-workflow.ts'
import { endTask, tasksMoved } from './task-ends.ts'

type Runner = { id: string; name: string; executors: string[] }

/** A runner that polls all the time is written down this often. */
const seenEveryMs = 30_000

/**
 * Waits for work of the runner's kinds (platform.md 7; execution.md 1.3). The wait begins before the look at the table,
 * so a task that becomes runnable in between is not slept over.
 */
export async function claimTask(
  ctx: EngineContext,
  runner: Runner,
  options: { waitMs: number; signal?: AbortSignal },
): Promise<ClaimedTask | null> {
  const deadline = performance.now() + options.waitMs
  await noteRunner(ctx, runner)
  while (!options.signal?.aborted && !ctx.signals.closed) {
    const left = deadline - performance.now()
    const wait = ctx.signals.wait('orrery_work', (kind) => runner.executors.includes(kind), left, options.signal)
    try {
      const claimed = await claimOnce(ctx, runner)
      if (claimed !== null) return claimed
      if (left <= 0) return null
      await wait.done
    } finally {
      wait.cancel()
    }
  }
  return null
}

/**
 * One look at the table. The task's document is read while the claim is being committed: nothing in it depends on the
 * claim. A task whose document cannot be made is ended, or it would come back for ever.
 */
async function claimOnce(ctx: EngineContext, runner: Runner): Promise<ClaimedTask | null> {
  for (;;) {
    const claim = await ctx.transact(async (tx) => {
      const leaseUntil = new Date(tx.now.getTime() + ctx.options.leaseS * 1000)
      const task = await claimNext(tx.db, runner, leaseUntil)
      if (!task) return null
      const document = makeJobSpec(ctx, task)
      document.catch(() => undefined)
      tx.event('task.claimed', placeOfTask(task), {
        nodeIndex: task.node_index,
        runner: runner.name,
        epoch: task.epoch,
      })
      return { lease: { taskId: task.id, epoch: task.epoch }, document }
    })
    if (claim === null) return null
    const { lease, document } = claim
    const spec = await document.catch((error: unknown) => rejectTask(ctx, lease, error))
    if (spec !== null) return { spec, epoch: lease.epoch }
  }
}

async function rejectTask(ctx: EngineContext, lease: TaskLease, error: unknown): Promise<null> {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code !== undefined && !(error instanceof OrreryError)) throw error
  const reason = `the task document could not be made: ${error instanceof Error ? error.message : String(error)}`
  const { workflow_id } = await heldTask(ctx.db, lease)
  await ctx.transact(async (tx) => {
    const workflow = await lockWorkflow(tx, workflow_id)
    const task = await heldTask(tx.db, lease, 'lock')
    await endTask(tx, task, 'infrastructure_fail', reason, { giveUp: true })
    await tasksMoved(tx, workflow, [task.job_id])
  })
  return null
}

/** The task document again, for its place, while no agent event was stored. */
export async function taskSpec(ctx: EngineContext, lease: TaskLease): Promise<JobSpec> {
  const task = await heldTask(ctx.db, lease)
  if (task.agent_seq > 0) throw gone(lease)
  return withoutRegistryLogins(await makeJobSpec(ctx, task))
}

export async function heldTasks(ctx: EngineContext, runnerId: string): Promise<HeldTask[]> {
  const rows = await ctx.db
    .selectFrom('tasks')
    .select(['id', 'epoch', 'agent_seq'])
    .where('runner_id', '=', runnerId)
    .where('state', '=', 'claimed')
    .orderBy('serial')
    .execute()
  return Promise.all(
    rows.map(async ({ id, epoch, agent_seq }) => {
      const started = agent_seq > 0
      return { taskId: id, epoch, started, maskValues: started ? await valuesToMask(ctx, id) : [] }
    }),
  )
}

/**
 * Back to the queue, at its old place in it. The steps that the runner reported go away with the attempt. A task that
 * was to be cancelled ends instead.
 */
export async function releaseTask(ctx: EngineContext, lease: TaskLease, reason: string): Promise<void> {
  const { workflow_id } = await heldTask(ctx.db, lease)
  await ctx.transact(async (tx) => {
    const workflow = await lockWorkflow(tx, workflow_id)
    const task = await heldTask(tx.db, lease, 'lock')
    if (task.agent_seq > 0) throw new OrreryError('ORY_CONFLICT', ['the agent has started this task'])
    tx.event('task.released', placeOfTask(task), { nodeIndex: task.node_index, reason })
    await tx.db.deleteFrom('steps').where('task_id', '=', task.id).execute()
    if (task.cancel_requested) {
      await endTask(tx, task, 'canceled', null, { giveUp: true })
    } else {
      await tx.db
        .updateTable('tasks')
        .set({ state: 'runnable', runner_id: null, lease_until: null, started_at: null })
        .where('id', '=', task.id)
        .execute()
      tx.notify('orrery_work', task.executor)
    }
    await tasksMoved(tx, workflow, [task.job_id])
  })
}

async function noteRunner(ctx: EngineContext, runner: Runner): Promise<void> {
  const now = ctx.options.clock.now()
  const recently = new Date(now.getTime() - seenEveryMs)
  await sql`
    insert into runners (id, name, last_seen) values (${runner.id}, ${runner.name}, ${now})
    on conflict (id) do update set name = excluded.name, last_seen = excluded.last_seen
    where runners.last_seen < ${recently} or runners.name <> excluded.name`.execute(ctx.db)
}
