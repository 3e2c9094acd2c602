import { isEndedWorkflow, type WorkflowStatus } from '@orrery/protocol'
import type { Selectable } from 'kysely'
import { refusalOf } from '../decisions/admission.ts'
import { settle } from '../decisions/settle.ts'
import type { JobState } from '../decisions/states.ts'
import { workflowStatus } from '../decisions/workflow-status.ts'
import { type JobRow, jobsOfWorkflow } from '../store/queries/jobs-of-workflow.ts'
import { knownContexts } from '../store/queries/known-contexts.ts'
import type { WorkflowsTable } from '../store/schema.ts'
import type { Tx } from '../store/transaction.ts'
import { writeJobChanges } from './job-changes.ts'

/**
 * Lets one workflow move as far as it can after something of it changed: blocked jobs start or are skipped, and its
 * status follows. The caller holds the workflow's row. Answers the status it has now.
 */
export async function advance(tx: Tx, workflow: Selectable<WorkflowsTable>): Promise<WorkflowStatus> {
  const jobs = await jobsOfWorkflow(tx.db, workflow.id)
  const canceled = workflow.canceled_by !== null
  const changes = settle(await jobStates(tx, jobs), { canceled })
  await writeJobChanges(tx, jobs, changes)

  const changed = new Map(changes.map((change) => [change.jobId, change.status]))
  const statuses = jobs.map((job) => changed.get(job.id) ?? job.status)
  const status = workflowStatus(statuses, { canceled })
  if (status === workflow.status) return status

  await tx.db
    .updateTable('workflows')
    .set({ status, stopped_at: isEndedWorkflow(status) ? tx.now : null })
    .where('id', '=', workflow.id)
    .execute()
  tx.event(
    'workflow.changed',
    { projectId: workflow.project_id, pipelineId: workflow.pipeline_id, workflowId: workflow.id },
    { name: workflow.name, from: workflow.status, status },
  )
  return status
}

/** Rows as the decisions want them; what may refuse a job is looked up for those that still wait. */
export async function jobStates(tx: Tx, jobs: readonly JobRow[]): Promise<JobState[]> {
  const blocked = jobs.filter((job) => job.status === 'blocked')
  const contexts = await knownContexts(
    tx.db,
    blocked.flatMap((job) => job.contexts),
  )
  return jobs.map((job) => ({
    id: job.id,
    type: job.type,
    status: job.status,
    requires: job.requires,
    refusal: refusalOf({ ...job, resourceClass: job.resource_class }, contexts),
  }))
}
