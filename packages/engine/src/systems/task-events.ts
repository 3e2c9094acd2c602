import { type EventBatch, type LogReceipt, OrreryError, type TaskEvent } from '@orrery/protocol'
import type { EngineContext } from '../context.ts'
import type { TaskLease } from '../engine.ts'
import { storable } from '../store/json.ts'
import { gone, leasedTask, placeOfTask, stillListens, type TaskRow } from '../store/queries/leased-task.ts'
import { lockWorkflow } from '../store/queries/lock-workflow.ts'
import { endSteps, insertSteps, type StepEnd, type StepStart } from '../store/queries/write-steps.ts'
import type { Tx } from '../store/transaction.ts'
import { endTask, tasksMoved } from './task-ends.ts'

/**
 * Stores what agent and runner report, each event once and in the order of its number. Numbers up to the last stored
 * one are repeats and are skipped, also after the task's end, so that a lost answer can be asked for again.
 *
 * After the end only the runner may still add: it closes the steps of service containers. Its own `task.ended` counts
 * only while the agent has not ended the task.
 *
 * Throws ORY_SEQUENCE with the last stored number on a gap, ORY_TASK_GONE for a stale epoch or for news after the end.
 */
export async function recordEvents(
  ctx: EngineContext,
  lease: TaskLease,
  batch: EventBatch,
  verifyLog: (step: number, attempt: number, receipt: LogReceipt) => Promise<void>,
): Promise<number> {
  const before = await leasedTask(ctx.db, lease)
  const news = newEvents(before, batch)
  if (news.length === 0) return lastSeq(before, batch.source)
  refuseAfterEnd(ctx, before, lease, batch.source)
  const ends = news.filter((event) => event.type === 'step.ended')
  await Promise.all(ends.map(({ step, attempt, log }) => verifyLog(step, attempt, log)))

  return ctx.transact(async (tx) => {
    const movesJob = before.started_at === null || news.some((event) => event.type === 'task.ended')
    const workflow = movesJob ? await lockWorkflow(tx, before.workflow_id) : null
    const task = await leasedTask(tx.db, lease, 'lock')
    const events = newEvents(task, batch)
    if (events.length === 0) return lastSeq(task, batch.source)
    refuseAfterEnd(ctx, task, lease, batch.source)

    const ended = await apply(tx, task, batch.source, events)
    const last = events.at(-1)?.seq ?? 0
    await tx.db
      .updateTable('tasks')
      .set({
        [batch.source === 'agent' ? 'agent_seq' : 'runner_seq']: last,
        ...(task.started_at === null && events.some((event) => event.type === 'step.started')
          ? { started_at: tx.now }
          : {}),
      })
      .where('id', '=', task.id)
      .execute()
    if (ended) await endTask(tx, task, ended.outcome, storable(ended.reason ?? '') || null, { usage: ended.usage })
    if (workflow) await tasksMoved(tx, workflow, [task.job_id])
    return last
  })
}

function lastSeq(task: TaskRow, source: EventBatch['source']): number {
  return source === 'agent' ? task.agent_seq : task.runner_seq
}

/** Events that are not stored yet; throws ORY_SEQUENCE unless they follow the stored ones without a gap. */
function newEvents(task: TaskRow, batch: EventBatch): TaskEvent[] {
  const stored = lastSeq(task, batch.source)
  let expected = stored + 1
  return batch.events.filter((event) => {
    if (event.seq < expected) return false
    if (event.seq > expected) throw new OrreryError('ORY_SEQUENCE', [stored])
    expected++
    return true
  })
}

function refuseAfterEnd(ctx: EngineContext, task: TaskRow, lease: TaskLease, source: EventBatch['source']): void {
  if (task.state !== 'ended') return
  if (source === 'runner' && stillListens(task, ctx.options.clock.now())) return
  throw gone(lease)
}

type Ending = Extract<TaskEvent, { type: 'task.ended' }>

/**
 * Writes the steps; answers how the task ended, when these events say so and nothing did before. A step begins before it
 * ends, so all that began are written first.
 */
async function apply(
  tx: Tx,
  task: TaskRow,
  source: EventBatch['source'],
  events: readonly TaskEvent[],
): Promise<Ending | undefined> {
  const last = events.findIndex(({ type }) => type === 'task.ended')
  // What an agent says behind its own end says nothing.
  const counted = source === 'agent' && task.state === 'claimed' && last >= 0 ? events.slice(0, last + 1) : events
  await insertSteps(
    tx,
    task.id,
    counted.filter((event) => event.type === 'step.started'),
  )
  const [unknown] = await endSteps(
    tx,
    task.id,
    counted.filter((event) => event.type === 'step.ended'),
  )
  if (unknown !== undefined) {
    throw new OrreryError('ORY_BAD_REQUEST', [`step ${unknown.step} attempt ${unknown.attempt} never started`])
  }
  for (const event of counted) if (event.type !== 'task.ended') tellStep(tx, task, event)
  return task.state === 'claimed' ? counted.find((event) => event.type === 'task.ended') : undefined
}

function tellStep(tx: Tx, task: TaskRow, event: StepStart | StepEnd): void {
  const { step, attempt } = event
  const more = event.type === 'step.started' ? { name: storable(event.name) } : { status: event.status }
  tx.event(event.type, placeOfTask(task), { nodeIndex: task.node_index, step, attempt, ...more })
}
