import type { StepOrigin } from '../plan.ts'
import type { Trace } from '../trace.ts'
import type { Invocation } from '../workflows/invocation.ts'
import { type ExplainedValue, explainValues, type Place, placeOf } from './values.ts'

export interface ExplainedStep {
  /** From 1, as in the job's page. */
  number: number
  kind: string
  name: string
  /** Outermost first: the job's step, then each command that led here. */
  origin: StepOrigin[]
  values: ExplainedValue[]
}

export interface ExplainedJob {
  workflow: string
  name: string
  /** The element it is a use of: `build`, `orb/job`. */
  definition: string
  /** The entry of the workflow. */
  place: Place
  matrix?: Record<string, string | number | boolean>
  values: ExplainedValue[]
  steps: ExplainedStep[]
}

/** Where everything in the compiled jobs of a name came from; one for each workflow that has it. */
export function explainJobs(trace: Trace, name: string): ExplainedJob[] {
  const all = trace.workflows.flatMap(({ compiled }) => compiled.invocations)
  const found = all.filter((one) => one.final === name)
  return (found.length > 0 ? found : all.filter((one) => one.requested === name)).map(explainJob)
}

/** The names of all jobs of a trace, for suggestions. */
export function jobNames(trace: Trace): string[] {
  return [...new Set(trace.workflows.flatMap(({ compiled }) => compiled.invocations.map((one) => one.final)))]
}

function explainJob(one: Invocation): ExplainedJob {
  const { nodes } = one.job
  const keys = [...(nodes?.place.keys ?? []), ...(nodes?.fields ?? [])]
  const environments = new Map<string, ExplainedValue>()
  for (const node of nodes?.place.environments ?? []) {
    // Later blocks win name by name, as in the job.
    for (const value of explainValues(node, 'environment')) environments.set(value.path, value)
  }
  return {
    workflow: one.workflow,
    name: one.final,
    definition: one.definition,
    place: placeOf(one.entry),
    ...(one.matrix && { matrix: one.matrix.values }),
    values: [
      ...(nodes?.executor ? explainValues(nodes.executor, 'executor') : []),
      ...keys.flatMap(([key, node]) => explainValues(node, key)),
      ...environments.values(),
    ],
    steps: (nodes?.steps ?? []).map((step, index) => {
      const { kind } = step
      return {
        number: index + 1,
        kind,
        name: step.plan?.name ?? kind,
        origin: step.plan?.origin ?? [],
        values: explainValues(step.args, step.args.kind === 'scalar' ? (kind === 'run' ? 'command' : kind) : ''),
      }
    }),
  }
}
