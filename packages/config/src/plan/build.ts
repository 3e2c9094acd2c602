import { topologicalOrder } from '../graph/order.ts'
import type { Plan, PlanJob, PlanWorkflow } from '../plan.ts'
import type { CompiledWorkflow, Invocation } from '../workflows/invocation.ts'
import { rangeOf } from '../yaml/nodes.ts'

/** Builds the plan of this pipeline: filters applied with their cascade, jobs in topological order (phase P11). */
export function buildPlan(workflows: CompiledWorkflow[], schedules: Plan['schedules']): Plan {
  const planned = workflows.map(planWorkflow).filter((workflow) => workflow.jobs.length > 0)
  return { outcome: planned.length === 0 ? 'noWorkflows' : 'ok', workflows: planned, schedules }
}

function planWorkflow(workflow: CompiledWorkflow): PlanWorkflow {
  const { ordered } = topologicalOrder(workflow.invocations, (one) => one.dependencies.map(({ on }) => on))
  const removed = new Set<Invocation>()
  const jobs: PlanJob[] = []
  for (const one of ordered) {
    const left = one.dependencies.filter(({ on }) => !removed.has(on))
    // A job whose every dependency was filtered out goes with them; one without any never does (16.6).
    const orphaned = one.dependencies.length > 0 && left.length === 0
    if (!one.filters.runs || orphaned) removed.add(one)
    else jobs.push(planJob(one, left))
  }
  const { name, maxAutoReruns } = workflow
  return { name, ...(maxAutoReruns !== undefined && { maxAutoReruns }), jobs, origin: rangeOf(workflow.node) }
}

function planJob(one: Invocation, dependencies: Invocation['dependencies']): PlanJob {
  const { job } = one
  const planned: Omit<PlanJob, 'origin'> = {
    name: one.final,
    definition: one.definition,
    type: job.type,
    requires: dependencies.map(({ on, statuses }) => ({ job: on.final, statuses })),
    contexts: job.type === 'build' ? one.contexts : [],
  }
  if (job.serialKey !== undefined) planned.serialKey = job.serialKey
  if (one.matrix) planned.matrix = one.matrix.values
  if (one.synthetic) planned.synthetic = one.synthetic
  if (job.spec) planned.spec = job.spec
  if (job.release) planned.release = job.release
  return Object.assign(planned, { origin: rangeOf(one.entry) })
}
