import { isFailedJob, OrreryError } from '@orrery/protocol'
import type { EngineContext } from '../context.ts'
import { planFailedTests, planRerun } from '../decisions/rerun.ts'
import type { Actor, RerunRequest } from '../engine.ts'
import { jobsOfWorkflow } from '../store/queries/jobs-of-workflow.ts'
import { lockWorkflow } from '../store/queries/lock-workflow.ts'
import { rerunFacts } from '../store/queries/rerun-facts.ts'
import type { Tx } from '../store/transaction.ts'
import { copyWorkflow, type FailedTestsChains } from './copy-workflow.ts'
import { failedTestsChain } from './earlier-tests.ts'
import { moveWorkflow } from './move-workflow.ts'

/** A person's rerun (platform.md 8). Variables are read again, so rotated ones take effect. */
export function rerunWorkflow(
  ctx: EngineContext,
  workflowId: string,
  options: RerunRequest,
  actor: Actor,
): Promise<string> {
  return ctx.transact(async (tx) => {
    const old = await lockWorkflow(tx, workflowId)
    const jobs = await jobsOfWorkflow(tx.db, workflowId)
    const facts = { ...(await rerunFacts(tx, old)), jobs }
    const plan = options.failedTests ? planFailedTests(facts) : planRerun(facts, options)
    if (!plan.ok) throw new OrreryError(options.failedTests ? 'ORY_NO_FAILED_TESTS' : 'ORY_CONFLICT', [plan.reason])
    const failedTests = options.failedTests ? await failedTestsOf(tx, workflowId, plan.takeOver) : undefined
    const workflow = await copyWorkflow(tx, old, plan.takeOver, {
      startedBy: actor.login,
      manual: true,
      ...(failedTests && { failedTests }),
      ...(options.ssh && { sshJobs: new Set(options.jobs) }),
    })
    await moveWorkflow(tx, workflow)
    return workflow.id
  })
}

/** Jobs without results that name their failed tests are not in the answer: they run as a whole. */
async function failedTestsOf(tx: Tx, workflowId: string, takeOver: ReadonlySet<string>): Promise<FailedTestsChains> {
  const jobs = await tx.db
    .selectFrom('jobs')
    .select(['id', 'status', 'tests_from', 'failed_tests_of'])
    .where('workflow_id', '=', workflowId)
    .execute()
  const chains = new Map<string, string[]>()
  for (const job of jobs) {
    if (takeOver.has(job.id) || !isFailedJob(job.status)) continue
    const chain = await failedTestsChain(tx.db, job)
    if (chain !== null) chains.set(job.id, chain)
  }
  if (chains.size === 0) throw new OrreryError('ORY_NO_FAILED_TESTS', ['no failed tests could be found'])
  return chains
}
