import { isEndedWorkflow, type WorkflowStatus } from '@orrery/protocol'
import type { Selectable } from 'kysely'
import { planRerun, wantsAutoRerun } from '../decisions/rerun.ts'
import { jobsOfWorkflow } from '../store/queries/jobs-of-workflow.ts'
import { rerunFacts } from '../store/queries/rerun-facts.ts'
import type { WorkflowsTable } from '../store/schema.ts'
import type { Tx } from '../store/transaction.ts'
import { advance } from './advance.ts'
import { copyWorkflow } from './copy-workflow.ts'

/**
 * Moves a workflow on, and gives it its automatic rerun when it just failed and may have one (platform.md 8). That new
 * workflow is moved too; the configured number bounds the chain. The caller holds the row of `workflow`.
 */
export async function moveWorkflow(tx: Tx, workflow: Selectable<WorkflowsTable>): Promise<void> {
  let current: Selectable<WorkflowsTable> | null = workflow
  while (current !== null) {
    const status: WorkflowStatus = await advance(tx, current)
    const justEnded: boolean = isEndedWorkflow(status) && !isEndedWorkflow(current.status)
    current = justEnded ? await autoRerun(tx, { ...current, status }) : null
  }
}

async function autoRerun(tx: Tx, workflow: Selectable<WorkflowsTable>): Promise<Selectable<WorkflowsTable> | null> {
  const wanted = wantsAutoRerun({
    status: workflow.status,
    manualRerun: workflow.manual_rerun,
    autoRerunNumber: workflow.auto_rerun_number,
    maxAutoReruns: workflow.max_auto_reruns,
  })
  if (!wanted) return null
  const jobs = await jobsOfWorkflow(tx.db, workflow.id)
  const facts = await rerunFacts(tx, workflow)
  const plan = planRerun({ ...facts, jobs }, { fromFailed: true })
  if (!plan.ok) return null
  return copyWorkflow(tx, workflow, plan.takeOver, { startedBy: workflow.started_by, manual: false })
}
