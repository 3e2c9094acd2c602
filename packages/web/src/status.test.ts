import type { WorkflowStatus } from '@orrery/protocol'
import { expect, it } from 'vitest'
import type { AnyStatus } from './status.ts'
import { isOpenJob, latestWorkflows, pipelineStatus, statusInfo } from './status.ts'

function workflow(name: string, status: WorkflowStatus, minute = 0) {
  const createdAt = `2026-03-10T10:${String(minute).padStart(2, '0')}:00Z`
  return { id: `${name}-${minute}`, name, status, createdAt, stoppedAt: null }
}

it.each<[string, AnyStatus, ReturnType<typeof workflow>[]]>([
  ['no workflow', 'not_run', []],
  ['all fine', 'success', [workflow('a', 'success'), workflow('b', 'success')]],
  ['one failed', 'failed', [workflow('a', 'success'), workflow('b', 'failed')]],
  ['one failed, one runs on', 'running', [workflow('a', 'failed'), workflow('b', 'running')]],
  ['one fails while it runs', 'failing', [workflow('a', 'failing'), workflow('b', 'running')]],
  ['held', 'on_hold', [workflow('a', 'success'), workflow('b', 'on_hold')]],
  ['failed, then rerun with success', 'success', [workflow('a', 'success', 9), workflow('a', 'failed', 1)]],
])('a pipeline with %s shows %s', (_name, expected, workflows) => {
  expect(pipelineStatus({ state: 'created', workflows })).toBe(expected)
})

it('an errored pipeline shows that, and a new one waits', () => {
  expect(pipelineStatus({ state: 'errored', workflows: [] })).toBe('errored')
  expect(pipelineStatus({ state: 'pending', workflows: [] })).toBe('pending')
})

it('counts the runs of a workflow', () => {
  const latest = latestWorkflows([workflow('a', 'failed', 1), workflow('b', 'success', 2), workflow('a', 'success', 3)])

  expect(latest.map(({ id, runs }) => [id, runs])).toEqual([
    ['a-3', 2],
    ['b-2', 1],
  ])
})

it('shows a word it does not know', () => {
  expect(statusInfo('brand-new' as AnyStatus).label).toBe('brand-new')
})

it('knows which jobs can be canceled', () => {
  expect((['running', 'queued', 'on_hold', 'success', 'canceled'] as const).map(isOpenJob)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ])
})
