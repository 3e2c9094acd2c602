import type { TestBatch, TestBatchRequest } from '@orrery/protocol'
import type { EngineContext } from '../context.ts'
import { batchSize, byWeight, orderTests } from '../decisions/test-batch.ts'
import type { TaskLease } from '../engine.ts'
import { storable, toJson } from '../store/json.ts'
import { heldTask, placeOfTask, type TaskRow } from '../store/queries/leased-task.ts'
import type { WaitingTest } from '../store/schema.ts'
import type { Tx } from '../store/transaction.ts'

/**
 * The next tests for a node from the queue of its job (execution.md 16.5). One transaction under the queue's lock:
 *
 * 1. The queue is made from the list of whoever comes first.
 * 2. What the node says it has done is done. If it has an open batch still, it gets that one again: its answer was lost.
 * 3. Batches of nodes that ended without finishing them go back into the queue.
 * 4. The node gets its share of what waits.
 */
export function takeTests(ctx: EngineContext, lease: TaskLease, request: TestBatchRequest): Promise<TestBatch> {
  const suite = storable(request.suite)
  return ctx.transact(async (tx) => {
    const task = await heldTask(tx.db, lease)
    await makeQueue(tx, task, suite, request.tests)
    const queue = await tx.db
      .selectFrom('test_queues')
      .selectAll()
      .where('job_id', '=', task.job_id)
      .where('suite', '=', suite)
      .forUpdate()
      .executeTakeFirstOrThrow()
    const open = await openBatch(tx, task, suite, request.done)
    if (open !== undefined) return { tests: open.map(([name]) => name) }

    const abandoned = await takeBack(tx, task.job_id, suite)
    const waiting = abandoned.length === 0 ? queue.waiting : byWeight([...queue.waiting, ...abandoned])
    const size = batchSize(waiting, await nodesOf(tx, task.job_id))
    const tests = waiting.slice(0, size)
    if (size > 0 || abandoned.length > 0) {
      await tx.db
        .updateTable('test_queues')
        .set({ waiting: toJson(waiting.slice(size)) })
        .where('job_id', '=', task.job_id)
        .where('suite', '=', suite)
        .execute()
    }
    if (size > 0) {
      const number = request.done + 1
      await tx.db
        .insertInto('test_batches')
        .values({ task_id: task.id, job_id: task.job_id, suite, number, tests: toJson(tests) })
        .execute()
      tx.event('tests.taken', placeOfTask(task), { nodeIndex: task.node_index, suite, number, count: size })
    }
    return { tests: tests.map(([name]) => name) }
  })
}

async function makeQueue(tx: Tx, task: TaskRow, suite: string, tests: TestBatchRequest['tests']): Promise<void> {
  const waiting = orderTests(tests.map(({ name, seconds }) => ({ name: storable(name), seconds })))
  await tx.db
    .insertInto('test_queues')
    .values({ job_id: task.job_id, suite, waiting: toJson(waiting) })
    .onConflict((conflict) => conflict.columns(['job_id', 'suite']).doNothing())
    .execute()
}

async function openBatch(tx: Tx, task: TaskRow, suite: string, done: number): Promise<WaitingTest[] | undefined> {
  await tx.db
    .updateTable('test_batches')
    .set({ done: true })
    .where('task_id', '=', task.id)
    .where('suite', '=', suite)
    .where('number', '<=', done)
    .execute()
  const row = await tx.db
    .selectFrom('test_batches')
    .select('tests')
    .where('task_id', '=', task.id)
    .where('suite', '=', suite)
    .where('number', '=', done + 1)
    .executeTakeFirst()
  return row?.tests
}

async function takeBack(tx: Tx, jobId: string, suite: string): Promise<WaitingTest[]> {
  const rows = await tx.db
    .deleteFrom('test_batches')
    .using('tasks')
    .whereRef('tasks.id', '=', 'test_batches.task_id')
    .where('test_batches.job_id', '=', jobId)
    .where('test_batches.suite', '=', suite)
    .where('test_batches.done', '=', false)
    .where('tasks.state', '=', 'ended')
    .returning('test_batches.tests')
    .execute()
  return rows.flatMap((row) => row.tests)
}

async function nodesOf(tx: Tx, jobId: string): Promise<number> {
  const row = await tx.db.selectFrom('jobs').select('parallelism').where('id', '=', jobId).executeTakeFirstOrThrow()
  return row.parallelism
}
