import type { PlanJob } from '@orrery/config'
import type { Kysely } from 'kysely'
import type { Fork } from '../decisions/trust.ts'
import { jobsOfWorkflow } from '../store/queries/jobs-of-workflow.ts'
import type { Schema } from '../store/schema.ts'

/** Everything stored that a task's document is made of, secrets aside. */
export interface TaskFacts {
  taskId: string
  nodeIndex: number
  job: {
    id: string
    name: string
    number: number
    parallelism: number
    resourceClass: string
    plan: PlanJob
    /** The workflow whose failed tests alone are to run; absent in an ordinary run. */
    rerunsFailedTestsOf?: string | null
    /** Somebody reran it to look inside. */
    isSshRerun: boolean
  }
  contexts: string[]
  /** Public keys of the person who reran the job with SSH; empty when nobody did, or has none. */
  userKeys: string[]
  workflow: { id: string; name: string; workspaceId: string }
  pipeline: {
    id: string
    number: number
    actor: string
    branch: string | null
    tag: string | null
    revision: string
    fork: Fork | null
    /** Sealed; set while the pipeline waits for its continuation. */
    continuationKey: Buffer | null
  }
  project: { id: string; slug: string; layerGeneration: number }
  /** All jobs of the workflow in graph order; empty when the job requires none. */
  graph: { id: string; requires: readonly { jobId: string }[] }[]
}

export async function loadTaskFacts(db: Kysely<Schema>, taskId: string): Promise<TaskFacts> {
  const row = await db
    .selectFrom('tasks')
    .innerJoin('jobs', 'jobs.id', 'tasks.job_id')
    .innerJoin('workflows', 'workflows.id', 'jobs.workflow_id')
    .innerJoin('pipelines', 'pipelines.id', 'jobs.pipeline_id')
    .innerJoin('projects', 'projects.id', 'jobs.project_id')
    .leftJoin('jobs as failed', 'failed.id', 'jobs.failed_tests_of')
    .select([
      'failed.workflow_id as failed_tests_workflow',
      'tasks.node_index',
      'jobs.id as job_id',
      'jobs.name as job_name',
      'jobs.job_number',
      'jobs.parallelism',
      'jobs.resource_class',
      'jobs.contexts',
      'jobs.ssh_login',
      'jobs.plan',
      'jobs.requires',
      'workflows.id as workflow_id',
      'workflows.name as workflow_name',
      'workflows.workspace_id',
      'pipelines.id as pipeline_id',
      'pipelines.number as pipeline_number',
      'pipelines.actor',
      'pipelines.branch',
      'pipelines.tag',
      'pipelines.revision',
      'pipelines.fork',
      'pipelines.continuation_sealed',
      'projects.id as project_id',
      'projects.slug',
      'projects.layer_generation',
    ])
    .where('tasks.id', '=', taskId)
    .executeTakeFirstOrThrow()
  const needsGraph = row.requires.length > 0
  return {
    taskId,
    nodeIndex: row.node_index,
    job: {
      id: row.job_id,
      name: row.job_name,
      number: row.job_number ?? 0,
      parallelism: row.parallelism,
      resourceClass: row.resource_class,
      plan: row.plan,
      rerunsFailedTestsOf: row.failed_tests_workflow,
      isSshRerun: row.ssh_login !== null,
    },
    contexts: row.contexts,
    userKeys: row.ssh_login === null ? [] : await keysOf(db, row.ssh_login),
    workflow: { id: row.workflow_id, name: row.workflow_name, workspaceId: row.workspace_id },
    pipeline: {
      id: row.pipeline_id,
      number: row.pipeline_number,
      actor: row.actor,
      branch: row.branch,
      tag: row.tag,
      revision: row.revision,
      fork: row.fork,
      continuationKey: row.continuation_sealed,
    },
    project: { id: row.project_id, slug: row.slug, layerGeneration: row.layer_generation },
    graph: needsGraph ? await jobsOfWorkflow(db, row.workflow_id) : [],
  }
}

async function keysOf(db: Kysely<Schema>, login: string): Promise<string[]> {
  const rows = await db.selectFrom('user_ssh_keys').select('public_key').where('login', '=', login).execute()
  return rows.map((row) => row.public_key)
}
