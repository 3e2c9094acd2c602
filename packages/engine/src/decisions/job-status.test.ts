import type { JobStatus, TaskOutcome } from '@orrery/protocol'
import { describe, expect, it } from 'vitest'
import { jobStatus, type TaskFacts, taskStatus } from './job-status.ts'

const runnable: TaskFacts = { state: 'runnable', started: false, outcome: null }
const claimed: TaskFacts = { state: 'claimed', started: false, outcome: null }
const started: TaskFacts = { state: 'claimed', started: true, outcome: null }
const ended = (outcome: TaskOutcome): TaskFacts => ({ state: 'ended', started: true, outcome })

describe('jobStatus', () => {
  it.each<[string, TaskFacts[], JobStatus]>([
    ['nobody claimed', [runnable, runnable], 'not_running'],
    ['claimed, no step yet', [runnable, claimed], 'not_running'],
    ['one task started', [runnable, started], 'running'],
    ['one ended, one waits', [ended('success'), runnable], 'running'],
    ['one failed, one runs', [ended('failed'), started], 'running'],
    ['all succeeded', [ended('success'), ended('success')], 'success'],
    ['one failed', [ended('success'), ended('failed')], 'failed'],
    ['one timed out', [ended('failed'), ended('timedout')], 'timedout'],
    ['one was lost', [ended('timedout'), ended('infrastructure_fail')], 'infrastructure_fail'],
    ['one canceled by itself', [ended('success'), ended('canceled')], 'canceled'],
  ])('%s', (_, tasks, status) => {
    expect(jobStatus(tasks, { canceled: false })).toBe(status)
  })

  it('of a canceled job shows what still runs, then canceled', () => {
    expect(jobStatus([ended('success'), started], { canceled: true })).toBe('running')
    expect(jobStatus([ended('success'), ended('success')], { canceled: true })).toBe('canceled')
  })
})

describe('taskStatus', () => {
  it.each<[TaskFacts, JobStatus]>([
    [runnable, 'not_running'],
    [claimed, 'not_running'],
    [started, 'running'],
    [ended('timedout'), 'timedout'],
  ])('%j is %s', (task, status) => {
    expect(taskStatus(task)).toBe(status)
  })
})
