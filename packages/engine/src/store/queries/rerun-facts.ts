import { type Selectable, sql } from 'kysely'
import type { RerunFacts } from '../../decisions/rerun.ts'
import type { WorkflowsTable } from '../schema.ts'
import type { Tx } from '../transaction.ts'

/** How often the workflow's name was rerun in its pipeline, and how old that pipeline is. */
export async function rerunFacts(tx: Tx, workflow: Selectable<WorkflowsTable>): Promise<Omit<RerunFacts, 'jobs'>> {
  const row = await tx.db
    .selectFrom('pipelines')
    .select('created_at')
    .select((eb) =>
      eb
        .selectFrom('workflows')
        .select(sql<number>`count(*)`.as('count'))
        .where('pipeline_id', '=', workflow.pipeline_id)
        .where('name', '=', workflow.name)
        .where('rerun_of', 'is not', null)
        .as('reruns'),
    )
    .where('id', '=', workflow.pipeline_id)
    .executeTakeFirstOrThrow()
  return {
    status: workflow.status,
    rerunsSoFar: row.reruns ?? 0,
    pipelineAgeMs: tx.now.getTime() - row.created_at.getTime(),
    workflowAgeMs: tx.now.getTime() - workflow.created_at.getTime(),
  }
}
