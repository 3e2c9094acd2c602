import { expect, it } from 'vitest'
import { isEndedJob, isEndedWorkflow, isFailedJob, JobStatus, WorkflowStatus } from './statuses.ts'

it('splits every job status into moving and ended', () => {
  const moving = JobStatus.options.filter((status) => !isEndedJob(status))

  expect(moving).toEqual(['blocked', 'on_hold', 'queued', 'not_running', 'running'])
})

it('counts as failed only what broke, not what was stopped or left out', () => {
  expect(JobStatus.options.filter(isFailedJob)).toEqual([
    'failed',
    'timedout',
    'infrastructure_fail',
    'terminated-unknown',
  ])
})

it('splits every workflow status into moving and ended', () => {
  expect(WorkflowStatus.options.filter((status) => !isEndedWorkflow(status))).toEqual([
    'running',
    'queued',
    'on_hold',
    'failing',
  ])
})
