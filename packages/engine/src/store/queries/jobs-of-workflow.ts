import type { Kysely } from 'kysely'
import type { Schema } from '../schema.ts'

/** The jobs of a workflow in topological order, without the bulky plan. */
export function jobsOfWorkflow(db: Kysely<Schema>, workflowId: string) {
  return db
    .selectFrom('jobs')
    .select([
      'id',
      'workflow_id',
      'pipeline_id',
      'project_id',
      'name',
      'type',
      'status',
      'job_number',
      'requires',
      'executor',
      'resource_class',
      'parallelism',
      'contexts',
      'unavailable',
      'canceled_by',
    ])
    .where('workflow_id', '=', workflowId)
    .orderBy('position')
    .execute()
}

export type JobRow = Awaited<ReturnType<typeof jobsOfWorkflow>>[number]
