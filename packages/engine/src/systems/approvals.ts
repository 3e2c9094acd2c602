import { OrreryError } from '@orrery/protocol'
import type { EngineContext } from '../context.ts'
import type { Actor } from '../engine.ts'
import { jobsOfWorkflow } from '../store/queries/jobs-of-workflow.ts'
import { lockWorkflow } from '../store/queries/lock-workflow.ts'
import { placeOf, writeJobStatus } from './job-changes.ts'
import { moveWorkflow } from './move-workflow.ts'

/** Lets an approval job succeed (platform.md 7.5). ORY_CONFLICT unless it waits for exactly that. */
export async function approve(ctx: EngineContext, workflowId: string, requestId: string, actor: Actor): Promise<void> {
  await ctx.transact(async (tx) => {
    const workflow = await lockWorkflow(tx, workflowId)
    const jobs = await jobsOfWorkflow(tx.db, workflowId)
    const job = jobs.find((one) => one.id === requestId && one.type === 'approval')
    if (!job) throw new OrreryError('ORY_NOT_FOUND', ['Approval request'])
    if (job.status === 'success') throw new OrreryError('ORY_CONFLICT', ['this job is approved already'])
    if (job.status !== 'on_hold') {
      throw new OrreryError('ORY_CONFLICT', [`this job waits for no approval: it is ${job.status}`])
    }
    await tx.db.updateTable('jobs').set({ approved_by: actor.login }).where('id', '=', job.id).execute()
    await writeJobStatus(tx, job, 'success', null)
    tx.event('job.approved', placeOf(job), { name: job.name, actor: actor.login })
    await moveWorkflow(tx, workflow)
  })
}
