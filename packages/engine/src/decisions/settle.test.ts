import type { RequiredStatus } from '@orrery/config'
import { isEndedJob, isEndedWorkflow, type JobStatus, type JobType } from '@orrery/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cancelJobs } from './cancel.ts'
import { settle } from './settle.ts'
import { isActive, type JobState, type Refusal, requiredStatusOf } from './states.ts'
import { workflowStatus } from './workflow-status.ts'

const running = { canceled: false }

function job(id: string, overrides: Partial<JobState> = {}): JobState {
  return { id, type: 'build', status: 'blocked', requires: [], ...overrides }
}

function needs(jobId: string, ...statuses: RequiredStatus[]) {
  return { jobId, statuses: statuses.length > 0 ? statuses : (['success'] as RequiredStatus[]) }
}

function statusesOf(changes: ReturnType<typeof settle>): Record<string, JobStatus> {
  return Object.fromEntries(changes.map((change) => [change.jobId, change.status]))
}

describe('settle', () => {
  it.each<[JobType, JobStatus]>([
    ['build', 'not_running'],
    ['approval', 'on_hold'],
    ['no-op', 'success'],
    ['lock', 'success'],
    ['unlock', 'success'],
    ['release', 'success'],
  ])('a %s job without requirements becomes %s', (type, status) => {
    expect(settle([job('a', { type })], running)).toEqual([{ jobId: 'a', status, reason: null }])
  })

  it.each<[JobStatus, RequiredStatus[], JobStatus | undefined]>([
    ['success', ['success'], 'not_running'],
    ['failed', ['success'], 'not_run'],
    ['failed', ['failed'], 'not_running'],
    ['timedout', ['failed'], 'not_running'],
    ['infrastructure_fail', ['failed'], 'not_running'],
    ['terminated-unknown', ['failed'], 'not_running'],
    ['canceled', ['failed'], 'not_run'],
    ['canceled', ['canceled'], 'not_running'],
    ['unauthorized', ['unauthorized', 'failed'], 'not_running'],
    ['not_run', ['not_run'], 'not_running'],
    ['not_run', ['success'], 'not_run'],
    ['running', ['success'], undefined],
    ['on_hold', ['success'], undefined],
    ['not_running', ['success', 'failed', 'canceled', 'unauthorized', 'not_run'], undefined],
  ])('a requirement that is %s, with %j accepted, makes the dependant %s', (status, accepted, expected) => {
    const jobs = [job('a', { status }), job('b', { requires: [needs('a', ...accepted)] })]

    expect(statusesOf(settle(jobs, running)).b).toBe(expected)
  })

  it('skips a job at once when one requirement cannot be met, whatever the others still do', () => {
    const jobs = [
      job('bad', { status: 'failed' }),
      job('slow', { status: 'running' }),
      job('c', { requires: [needs('slow'), needs('bad')] }),
    ]

    expect(statusesOf(settle(jobs, running))).toEqual({ c: 'not_run' })
  })

  it('carries skips and no-op successes down the whole chain in one go', () => {
    const jobs = [
      job('a', { status: 'failed' }),
      job('b', { requires: [needs('a')] }),
      job('group', { type: 'no-op', requires: [needs('b', 'not_run')] }),
      job('after', { requires: [needs('group')] }),
    ]

    expect(statusesOf(settle(jobs, running))).toEqual({ b: 'not_run', group: 'success', after: 'not_running' })
  })

  it('refuses a job only when it would start, with the reason', () => {
    const refusal: Refusal = { status: 'unauthorized', reason: 'no such context' }
    const jobs = [
      job('a', { refusal }),
      job('b', { refusal, requires: [needs('c')] }),
      job('c', { status: 'running' }),
      job('d', { requires: [needs('a', 'unauthorized')] }),
    ]

    expect(settle(jobs, running)).toEqual([
      { jobId: 'a', ...refusal },
      { jobId: 'd', status: 'not_running', reason: null },
    ])
  })

  it('starts nothing in a canceled workflow, not even jobs that accept canceled', () => {
    const jobs = [job('a', { status: 'canceled' }), job('b', { requires: [needs('a', 'canceled')] })]

    expect(statusesOf(settle(jobs, { canceled: true }))).toEqual({ b: 'canceled' })
  })
})

describe('workflowStatus', () => {
  it.each<[JobStatus[], string]>([
    [['success', 'not_run'], 'success'],
    [['success', 'failed'], 'failed'],
    [['success', 'timedout'], 'failed'],
    [['failed', 'unauthorized', 'canceled'], 'failed'],
    [['unauthorized', 'not_run'], 'unauthorized'],
    [['canceled', 'success', 'not_run'], 'canceled'],
    [['not_run', 'not_run'], 'not_run'],
    [['running', 'on_hold'], 'running'],
    [['not_running', 'blocked'], 'running'],
    [['success', 'on_hold', 'blocked'], 'on_hold'],
    [['failed', 'running'], 'failing'],
    [['infrastructure_fail', 'on_hold'], 'failing'],
    [['canceled', 'running'], 'running'],
  ])('%j is %s', (jobs, status) => {
    expect(workflowStatus(jobs, running)).toBe(status)
  })

  it('is canceled after a cancel, even when a job failed before', () => {
    expect(workflowStatus(['failed', 'canceled'], { canceled: true })).toBe('canceled')
    expect(workflowStatus(['failed', 'running'], { canceled: true })).toBe('failing')
  })
})

const required = ['success', 'failed', 'canceled', 'unauthorized', 'not_run'] as const

/** Any acyclic workflow: each job requires some of the earlier ones. */
const workflows = fc
  .array(
    fc.record({
      type: fc.constantFrom<JobType>('build', 'build', 'approval', 'no-op'),
      refused: fc.constantFrom(false, false, false, true),
      picks: fc.array(fc.record({ back: fc.nat(20), statuses: fc.subarray([...required], { minLength: 1 }) }), {
        maxLength: 3,
      }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((drafts) =>
    drafts.map(({ type, refused, picks }, index): JobState => {
      const requires = index === 0 ? [] : picks.map(({ back, statuses }) => needs(String(back % index), ...statuses))
      const refusal: Refusal = { status: 'failed', reason: 'refused' }
      return job(String(index), { type, requires, ...(refused ? { refusal } : {}) })
    }),
  )

const endings = fc.infiniteStream(
  fc.constantFrom<JobStatus>('success', 'success', 'failed', 'canceled', 'timedout', 'infrastructure_fail'),
)

function applied(jobs: readonly JobState[], changes: readonly { jobId: string; status: JobStatus }[]): JobState[] {
  const changed = new Map(changes.map((change) => [change.jobId, change.status]))
  return jobs.map((one) => ({ ...one, status: changed.get(one.id) ?? one.status }))
}

describe('any workflow', () => {
  it('ends after at most one ending per job, and no job starts before its requirements allow it', () => {
    fc.assert(
      fc.property(workflows, endings, fc.nat(1000), (start, stream, pick) => {
        let jobs = applied(start, settle(start, running))
        for (let turn = 0; turn <= start.length; turn++) {
          const open = jobs.filter((one) => !isEndedJob(one.status))
          const status = workflowStatus(
            jobs.map((one) => one.status),
            running,
          )
          expect(isEndedWorkflow(status)).toBe(open.length === 0)
          if (open.length === 0) return
          const moving = open.filter((one) => isActive(one.status) || one.status === 'on_hold')
          const next = moving[pick % moving.length]
          if (!next) throw new Error('jobs wait, but nothing moves')
          const ending = stream.next().value as JobStatus
          const after = applied(jobs, [{ jobId: next.id, status: ending }])
          const changes = settle(after, running)
          for (const change of changes) expectAllowed(after, changes, change)
          jobs = applied(after, changes)
        }
        throw new Error('the workflow did not end')
      }),
    )
  })

  it('never changes a job that has left blocked, and settles at once', () => {
    fc.assert(
      fc.property(workflows, fc.boolean(), (start, canceled) => {
        const changes = settle(start, { canceled })
        const after = applied(start, changes)

        expect(new Set(changes.map((change) => change.jobId)).size).toBe(changes.length)
        expect(settle(after, { canceled })).toEqual([])
      }),
    )
  })

  it('is over once everything was canceled and the running jobs stopped', () => {
    fc.assert(
      fc.property(workflows, (start) => {
        const jobs = applied(start, settle(start, running))
        const { changes, stop } = cancelJobs(jobs)
        const after = applied(jobs, [...changes, ...stop.map((jobId) => ({ jobId, status: 'canceled' as const }))])
        const status = workflowStatus(
          after.map((one) => one.status),
          { canceled: true },
        )
        expect(status).toBe('canceled')
      }),
    )
  })
})

function expectAllowed(
  before: readonly JobState[],
  changes: readonly { jobId: string; status: JobStatus }[],
  change: { jobId: string; status: JobStatus },
): void {
  const after = new Map(applied(before, changes).map((one) => [one.id, one]))
  const requires = after.get(change.jobId)?.requires ?? []
  const met = requires.map(({ jobId, statuses }) => {
    const ended = requiredStatusOf(after.get(jobId)?.status ?? 'not_run')
    return ended !== null && statuses.includes(ended)
  })
  if (change.status === 'not_run') expect(met).toContain(false)
  else expect(met).not.toContain(false)
}
