import { OrreryError } from '@orrery/protocol'
import type { Selectable } from 'kysely'
import type { WorkflowsTable } from '../schema.ts'
import type { Tx } from '../transaction.ts'

/**
 * Takes the lock under which a workflow, its jobs and its tasks change. Lock order everywhere: workflow, task, project;
 * a claim takes one task only and waits for nobody. Throws ORY_NOT_FOUND.
 */
export async function lockWorkflow(tx: Tx, workflowId: string): Promise<Selectable<WorkflowsTable>> {
  const workflow = await tx.db
    .selectFrom('workflows')
    .selectAll()
    .where('id', '=', workflowId)
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (workflow) return workflow
  throw new OrreryError('ORY_NOT_FOUND', ['Workflow'])
}
