import type { TaskView } from '@orrery/protocol'
import { expect, it } from 'vitest'
import { jobUsage } from './usage.ts'

function task(waitedS: number | null, usage: TaskView['usage']): TaskView {
  const startedAt = waitedS === null ? null : new Date(waitedS * 1000).toISOString()
  return {
    index: 0,
    status: 'success',
    runnableAt: new Date(0).toISOString(),
    startedAt,
    endedAt: null,
    usage,
    steps: [],
  }
}

it('sums the processor time of all nodes, and takes the longest wait and the most memory of one', () => {
  const tasks = [
    task(2, { cpuS: 1.5, memoryMaxBytes: 5, memoryMeanBytes: 4 }),
    task(7, { cpuS: 2, memoryMaxBytes: 9, memoryMeanBytes: 1 }),
    task(null, null),
  ]
  expect(jobUsage(tasks)).toEqual({ waitedMs: 7000, cpuMs: 3500, memoryBytes: 9 })
})

it('knows nothing of a job that did not begin', () => {
  expect(jobUsage([task(null, null)])).toEqual({ waitedMs: null, cpuMs: null, memoryBytes: null })
})
