import type { PlanJob, PlanWorkflow } from '@orrery/config'
import { describe, expect, it } from 'vitest'
import { narrowPlan } from './narrow-plan.ts'

const origin = { file: 'config.yml', start: { line: 1, column: 1 }, end: { line: 1, column: 2 } }

function workflow(name: string, requires: Record<string, string[]>): PlanWorkflow {
  const jobs = Object.entries(requires).map(
    ([job, names]): PlanJob => ({
      name: job,
      definition: job,
      type: 'no-op',
      requires: names.map((one) => ({ job: one, statuses: ['success'] })),
      contexts: [],
      origin,
    }),
  )
  return { name, jobs, origin }
}

const plan = [
  workflow('main', { a: [], b: ['a'], c: [], d: ['b'], e: ['d', 'c'] }),
  workflow('nightly', { b: [], z: ['b'] }),
]

function names(workflows: PlanWorkflow[]): Record<string, string> {
  return Object.fromEntries(workflows.map((one) => [one.name, one.jobs.map((job) => job.name).join('')]))
}

describe('narrowPlan', () => {
  it.each([
    [null, { main: 'abcde', nightly: 'bz' }],
    [{ workflow: 'nightly' }, { nightly: 'bz' }],
    [{ job: 'd' }, { main: 'abd' }],
    [{ job: 'b' }, { main: 'ab', nightly: 'b' }],
    [{ job: 'b', workflow: 'main' }, { main: 'ab' }],
  ])('%j keeps %j', (only, expected) => {
    expect(names(narrowPlan(plan, only))).toEqual(expected)
  })

  it.each([
    [{ workflow: 'none' }, 'ORY_NOT_FOUND', 'main, nightly'],
    [{ job: 'none' }, 'ORY_JOB', 'a, b, c, d, e, z'],
    [{ workflow: 'nightly', job: 'a' }, 'ORY_JOB', 'b, z'],
  ])('%j is not found: %s, and what there is', (only, code, names) => {
    expect(() => narrowPlan(plan, only)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(`there are ${names}`) }),
    )
  })
})
