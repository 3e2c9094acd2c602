import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { StaleKey } from './changes.ts'
import { ChangeCollector, parseChange, staleKeys } from './changes.ts'

const none = { kind: 'x', pipelineId: null, workflowId: null, jobId: null, at: '2026-03-10T10:00:00Z' }

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it.each([
  ['nothing in particular', none, [['projects'], ['pipelines']]],
  ['a pipeline', { ...none, pipelineId: 'p' }, [['pipelines'], ['pipeline']]],
  ['a workflow', { ...none, pipelineId: 'p', workflowId: 'w' }, [['pipelines'], ['pipeline'], ['workflow', 'w']]],
  [
    'a job',
    { ...none, pipelineId: 'p', workflowId: 'w', jobId: 'j' },
    [['pipelines'], ['pipeline'], ['workflow', 'w'], ['job', 'j']],
  ],
  ['a job of an unknown workflow', { ...none, jobId: 'j' }, [['pipelines'], ['pipeline'], ['workflow'], ['job', 'j']]],
])('a change of %s makes the right queries stale', (_name, change, keys) => {
  expect(staleKeys(change)).toEqual(keys)
})

it.each(['', 'null', '42', '[]', '{', '{"other":1}'])('ignores the message %j', (data) => {
  expect(parseChange(data)).toBeNull()
})

it('fills what a message leaves out', () => {
  expect(parseChange('{"kind":"job","jobId":"j"}')).toEqual({ ...none, kind: 'job', jobId: 'j', at: '' })
})

it('delivers a burst once, each key once, soon after it ends', () => {
  const flushed: StaleKey[][] = []
  const collector = new ChangeCollector((keys) => flushed.push(keys))

  for (let i = 0; i < 5; i++) collector.push({ ...none, pipelineId: 'p' })
  vi.advanceTimersByTime(199)
  expect(flushed).toEqual([])
  vi.advanceTimersByTime(1)

  expect(flushed).toEqual([[['pipelines'], ['pipeline']]])
})

it('does not wait for ever while changes keep coming', () => {
  const flushed: StaleKey[][] = []
  const collector = new ChangeCollector((keys) => flushed.push(keys))

  for (let i = 0; i < 30; i++) {
    collector.push({ ...none, pipelineId: 'p' })
    vi.advanceTimersByTime(100)
  }

  expect(flushed.length).toBeGreaterThanOrEqual(2)
  expect(flushed.length).toBeLessThanOrEqual(3)
})

it('delivers nothing after it was stopped', () => {
  const flushed: StaleKey[][] = []
  const collector = new ChangeCollector((keys) => flushed.push(keys))
  collector.push(none)
  collector.stop()
  vi.advanceTimersByTime(5000)

  expect(flushed).toEqual([])
})
