import type { Plan } from '../plan.ts'

/**
 * What must be the same in the plan of a config and of its compiled form: everything but places in the source, names of
 * definitions, matrix values and what the compiler added by itself.
 */
export function essence(plan: Plan | undefined): unknown {
  return (
    plan && {
      ...plan,
      workflows: plan.workflows.map(({ origin: _place, jobs, ...workflow }) => ({
        ...workflow,
        jobs: jobs.map(({ origin: _, definition: __, matrix: ___, synthetic: ____, spec, ...job }) => ({
          ...job,
          ...(spec && { spec: { ...spec, steps: spec.steps.map(({ origin: _____, ...step }) => step) } }),
        })),
      })),
    }
  )
}

/** A compiled config without the comments around it. */
export function withoutComments(compiled: string | undefined): string | undefined {
  return compiled?.replace(/^(?:# Orb .*\n)+/, '').split('\n# Original config:')[0]
}
