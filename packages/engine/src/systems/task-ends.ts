import { isEndedJob, type TaskOutcome, type TaskUsage } from '@orrery/protocol'
import type { Selectable } from 'kysely'
import { jobStatus } from '../decisions/job-status.ts'
import { toJson } from '../store/json.ts'
import { type JobRow, jobsOfWorkflow } from '../store/queries/jobs-of-workflow.ts'
import { placeOfTask, type TaskRow } from '../store/queries/leased-task.ts'
import type { WorkflowsTable } from '../store/schema.ts'
import type { Tx } from '../store/transaction.ts'
import { writeJobStatus } from './job-changes.ts'
import { moveWorkflow } from './move-workflow.ts'

/** Ends a task row. The caller holds workflow and task, and then calls `tasksMoved` for its job. */
export async function endTask(
  tx: Tx,
  task: TaskRow,
  outcome: TaskOutcome,
  reason: string | null,
  options: { giveUp?: boolean; usage?: TaskUsage | undefined } = {},
): Promise<void> {
  await tx.db
    .updateTable('tasks')
    .set({
      state: 'ended',
      outcome,
      reason,
      ended_at: tx.now,
      usage: options.usage === undefined ? null : toJson(options.usage),
      lease_until: null,
      // A raised epoch shuts out whoever held the task.
      epoch: options.giveUp ? task.epoch + 1 : task.epoch,
    })
    .where('id', '=', task.id)
    .execute()
  await closeOpenSteps(tx, task, outcome, options.giveUp ? 'all' : 'of the agent')
  tx.event('task.ended', placeOfTask(task), { nodeIndex: task.node_index, outcome, reason })
}

/** Brings jobs in line with their tasks and the workflow with its jobs. The caller holds the row of `workflow`. */
export async function tasksMoved(tx: Tx, workflow: Selectable<WorkflowsTable>, jobIds: string[]): Promise<void> {
  if (await syncJobs(tx, workflow.id, jobIds)) await moveWorkflow(tx, workflow)
}

/** Sets the status of each job from its tasks; answers whether any changed. The caller holds the workflow. */
export async function syncJobs(tx: Tx, workflowId: string, jobIds: readonly string[]): Promise<boolean> {
  if (jobIds.length === 0) return false
  const jobs = await jobsOfWorkflow(tx.db, workflowId)
  let changed = false
  for (const job of jobs) {
    if (!jobIds.includes(job.id) || isEndedJob(job.status)) continue
    if (await syncJob(tx, job)) changed = true
  }
  return changed
}

async function syncJob(tx: Tx, job: JobRow): Promise<boolean> {
  const tasks = await tx.db
    .selectFrom('tasks')
    .select(['state', 'started_at', 'outcome', 'reason'])
    .where('job_id', '=', job.id)
    .execute()
  const facts = tasks.map((task) => ({ ...task, started: task.started_at !== null }))
  const status = jobStatus(facts, { canceled: job.canceled_by !== null })
  if (status === job.status) return false
  const reason = tasks.find((task) => task.outcome === status && task.reason !== null)?.reason ?? null
  await writeJobStatus(tx, job, status, reason)
  return true
}

/**
 * Nobody will tell how these ended. After the agent's end the runner still closes its own steps, 0 and those of the
 * service containers (2 to 100); a task that was given up has no holder left. Each closed step is an event: readers of
 * its log wait for it.
 */
async function closeOpenSteps(
  tx: Tx,
  task: TaskRow,
  outcome: TaskOutcome,
  which: 'all' | 'of the agent',
): Promise<void> {
  const status = outcome === 'canceled' || outcome === 'timedout' ? outcome : 'infrastructure_fail'
  let query = tx.db
    .updateTable('steps')
    .set({ status, ended_at: tx.now })
    .where('task_id', '=', task.id)
    .where('status', '=', 'running')
  if (which === 'of the agent') query = query.where((step) => step.or([step('step', '=', 1), step('step', '>', 100)]))
  for (const { step, attempt } of await query.returning(['step', 'attempt']).execute()) {
    tx.event('step.ended', placeOfTask(task), { nodeIndex: task.node_index, step, attempt, status })
  }
}
