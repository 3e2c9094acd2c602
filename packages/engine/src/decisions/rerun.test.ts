import type { JobStatus, WorkflowStatus } from '@orrery/protocol'
import { describe, expect, it } from 'vitest'
import { maxPipelineAgeMs, maxReruns, planRerun, wantsAutoRerun } from './rerun.ts'

function facts(status: WorkflowStatus, jobs: Record<string, JobStatus>, more = {}) {
  const list = Object.entries(jobs).map(([id, one]) => ({ id, status: one }))
  return { status, jobs: list, rerunsSoFar: 0, pipelineAgeMs: 0, workflowAgeMs: 0, ...more }
}

describe('planRerun', () => {
  it('takes nothing over from the start', () => {
    const plan = planRerun(facts('success', { a: 'success' }), { fromFailed: false })

    expect(plan).toEqual({ ok: true, takeOver: new Set() })
  })

  it('from failed takes over what succeeded and nothing else', () => {
    const jobs = { a: 'success', ok: 'success', b: 'failed', c: 'not_run', d: 'canceled', e: 'unauthorized' } as const

    const plan = planRerun(facts('failed', jobs), { fromFailed: true })

    expect(plan).toEqual({ ok: true, takeOver: new Set(['a', 'ok']) })
  })

  it('of selected jobs runs those alone, and asks for jobs of this workflow that has ended', () => {
    const ended = facts('failed', { a: 'success', b: 'failed', c: 'not_run' })

    expect(planRerun(ended, { fromFailed: false, jobs: ['b'] })).toEqual({ ok: true, takeOver: new Set(['a', 'c']) })
    expect(planRerun(ended, { fromFailed: false, jobs: ['x'] })).toMatchObject({ ok: false })
    expect(planRerun(ended, { fromFailed: false, jobs: [] })).toMatchObject({ ok: false })
    const moving = facts('running', { a: 'success', b: 'running' })
    expect(planRerun(moving, { fromFailed: false, jobs: ['a'] })).toMatchObject({ ok: false })
  })

  it.each<[string, ReturnType<typeof facts>, RegExp]>([
    ['is still moving', facts('failing', { a: 'failed', b: 'running' }), /has not ended/],
    ['succeeded', facts('success', { a: 'success', b: 'not_run' }), /no job of the workflow failed/],
    ['was rerun too often', facts('failed', { a: 'failed' }, { rerunsSoFar: maxReruns }), /at most 100/],
    ['is too old', facts('failed', { a: 'failed' }, { pipelineAgeMs: maxPipelineAgeMs }), /90 days/],
  ])('refuses from failed when the workflow %s', (_, given, reason) => {
    const plan = planRerun(given, { fromFailed: true })

    expect(plan.ok ? '' : plan.reason).toMatch(reason)
  })
})

describe('wantsAutoRerun', () => {
  const failed = { status: 'failed' as WorkflowStatus, manualRerun: false, autoRerunNumber: 0, maxAutoReruns: 2 }

  it.each<[string, typeof failed, boolean]>([
    ['failed with attempts left', failed, true],
    ['failed with the last attempt used', { ...failed, autoRerunNumber: 2 }, false],
    ['not configured', { ...failed, maxAutoReruns: 0 }, false],
    ['a manual rerun', { ...failed, manualRerun: true }, false],
    ['canceled', { ...failed, status: 'canceled' }, false],
    ['unauthorized', { ...failed, status: 'unauthorized' }, false],
  ])('%s', (_, workflow, expected) => {
    expect(wantsAutoRerun(workflow)).toBe(expected)
  })
})
