import { OrreryError } from '@orrery/protocol'
import type { Kysely, Selectable } from 'kysely'
import type { TaskLease } from '../../engine.ts'
import type { Schema, TasksTable } from '../schema.ts'
import type { EventPlace } from '../transaction.ts'

export type TaskRow = Selectable<TasksTable>

/**
 * How long after its end a task still takes what belongs to it: the runner closes the steps of service containers only
 * after the agent ended the task.
 */
export const afterglowMs = 10 * 60 * 1000

/**
 * The task behind a lease. Throws ORY_NOT_FOUND for an unknown id and ORY_TASK_GONE for a stale epoch: whoever gives a
 * task up raises its epoch, so an equal epoch means that the holder is still the last one.
 */
export async function leasedTask(
  db: Kysely<Schema>,
  lease: TaskLease,
  lock: 'lock' | 'read' = 'read',
): Promise<TaskRow> {
  const query = db.selectFrom('tasks').selectAll().where('id', '=', lease.taskId)
  const task = await (lock === 'lock' ? query.forNoKeyUpdate() : query).executeTakeFirst()
  if (!task) throw new OrreryError('ORY_NOT_FOUND', ['Task'])
  if (task.epoch !== lease.epoch || task.state === 'runnable') throw gone(lease)
  return task
}

/** As `leasedTask`, and the task has not ended. */
export async function heldTask(db: Kysely<Schema>, lease: TaskLease, lock: 'lock' | 'read' = 'read'): Promise<TaskRow> {
  const task = await leasedTask(db, lease, lock)
  if (task.state === 'ended') throw gone(lease)
  return task
}

/** True when the task runs or has ended so lately that its last words still count. */
export function stillListens(task: TaskRow, now: Date): boolean {
  return task.ended_at === null || now.getTime() - task.ended_at.getTime() < afterglowMs
}

export function gone(lease: TaskLease): OrreryError {
  return new OrreryError('ORY_TASK_GONE', [lease.taskId])
}

/** Where events about the task belong. */
export function placeOfTask(task: TaskRow): Required<EventPlace> {
  return {
    projectId: task.project_id,
    pipelineId: task.pipeline_id,
    workflowId: task.workflow_id,
    jobId: task.job_id,
    taskId: task.id,
  }
}
