import { randomUUID } from 'node:crypto'
import type { Selectable } from 'kysely'
import { toJson } from '../store/json.ts'
import { insertJobs } from '../store/queries/insert-jobs.ts'
import type { JobsTable, WorkflowsTable } from '../store/schema.ts'
import type { Tx } from '../store/transaction.ts'

/** By job that runs only its failed tests again: the jobs whose results tell which, itself first. */
export type FailedTestsChains = ReadonlyMap<string, string[]>

/**
 * Makes the workflow row and the job rows of a rerun (execution.md 2.7): same pipeline, same plan, same workspace id.
 *
 * A job in `takeOver` becomes a new row with the old one's status, number and times, and `taken_over_from` naming the
 * job that really ran (never a copy of a copy). Tasks, steps, artifacts, tests and workspace layers are not copied;
 * whoever reads them follows that pointer. All other jobs start as `blocked`. The caller advances the new workflow.
 */
export async function copyWorkflow(
  tx: Tx,
  old: Selectable<WorkflowsTable>,
  takeOver: ReadonlySet<string>,
  how: { startedBy: string; manual: boolean; failedTests?: FailedTestsChains; sshJobs?: ReadonlySet<string> },
): Promise<Selectable<WorkflowsTable>> {
  const jobs = await tx.db
    .selectFrom('jobs')
    .selectAll()
    .where('workflow_id', '=', old.id)
    .orderBy('position')
    .execute()
  const workflow: Selectable<WorkflowsTable> = {
    ...old,
    id: randomUUID(),
    status: 'running',
    rerun_of: old.id,
    manual_rerun: how.manual,
    auto_rerun_number: how.manual ? 0 : old.auto_rerun_number + 1,
    started_by: how.startedBy,
    canceled_by: null,
    created_at: tx.now,
    stopped_at: null,
  }
  const newIds = new Map(jobs.map((job) => [job.id, randomUUID() as string]))

  await tx.db.insertInto('workflows').values(workflow).execute()
  await insertJobs(
    tx,
    jobs.map((job) => ({
      ...(takeOver.has(job.id) ? takenOver(job) : blockedAgain(job, tx.now)),
      id: newIds.get(job.id) ?? '',
      workflow_id: workflow.id,
      ...(takeOver.has(job.id) ? {} : earlierTests(how.failedTests?.get(job.id))),
      ssh_login: sshLogin(job, how),
      plan: toJson(job.plan),
      requires: toJson(job.requires.map((one) => ({ ...one, jobId: newIds.get(one.jobId) ?? '' }))),
    })),
  )
  tx.event(
    'workflow.created',
    { projectId: old.project_id, pipelineId: old.pipeline_id, workflowId: workflow.id },
    { name: old.name, rerunOf: old.id, manual: how.manual, actor: how.startedBy },
  )
  return workflow
}

/** A job with SSH keeps it in every rerun (execution.md 19), for the person who asked for that rerun. */
function sshLogin(
  job: Selectable<JobsTable>,
  how: { startedBy: string; manual: boolean; sshJobs?: ReadonlySet<string> },
): string | null {
  if (how.sshJobs?.has(job.id)) return how.startedBy
  return job.ssh_login !== null && how.manual ? how.startedBy : job.ssh_login
}

function takenOver(job: Selectable<JobsTable>) {
  return { ...job, taken_over_from: job.taken_over_from ?? job.id }
}

function earlierTests(chain: string[] | undefined) {
  return { tests_from: chain ?? null, failed_tests_of: chain?.[0] ?? null }
}

function blockedAgain(job: Selectable<JobsTable>, now: Date) {
  return {
    ...job,
    status: 'blocked' as const,
    job_number: null,
    reason: null,
    taken_over_from: null,
    approved_by: null,
    canceled_by: null,
    created_at: now,
    queued_at: null,
    started_at: null,
    stopped_at: null,
  }
}
