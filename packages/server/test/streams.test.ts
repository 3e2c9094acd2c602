import { once } from 'node:events'
import type { Project } from '@orrery/engine'
import type { ChangeEvent, LogChunk } from '@orrery/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Server } from '../src/index.ts'
import { apiOf, eventStream, type SseMessage } from './support/api.ts'
import { Installation } from './support/installation.ts'
import { onePlan, startPlan } from './support/plan.ts'
import { claim, FakeAgent, receiptOf } from './support/runner.ts'

let installation: Installation
let server: Server
let second: Server
let project: Project
let token: string

beforeAll(async () => {
  installation = await Installation.create()
  server = await installation.start()
  second = await installation.start()
  project = await server.registerProject({ slug: 'local/acme/app' })
  token = server.createUserToken('dev')
})
afterAll(() => installation.close())

type Changes = AsyncGenerator<SseMessage>
const follow = (scope: string, from?: string, at = server): Changes =>
  eventStream(at, token, `/api/private/stream?scope=${scope}`, from === undefined ? {} : { 'last-event-id': from })

/** Reads on until a message is wanted. */
async function until(stream: Changes, wanted: (message: SseMessage) => boolean): Promise<SseMessage> {
  for (;;) {
    const next = await stream.next()
    if (next.done) throw new Error('the stream ended')
    if (wanted(next.value)) return next.value
  }
}
const change = (message: SseMessage) => JSON.parse(message.data ?? 'null') as ChangeEvent | null
const kind = (name: string) => (message: SseMessage) => change(message)?.kind === name
/** A stream may begin a little early and tell older things too, so tests wait for their own. */
const created = (id: string | undefined) => (message: SseMessage) =>
  kind('pipeline.created')(message) && change(message)?.pipelineId === id
const begun = (message: SseMessage) => message.id !== undefined && message.data === undefined

async function startTask() {
  const pipelineId = await startPlan(server.engine, project, onePlan())
  const claimed = await claim(server)
  if (!claimed) throw new Error('no task')
  return { pipelineId, jobId: claimed.spec.jobId, agent: new FakeAgent(server, claimed) }
}

describe('the change stream', () => {
  it('tells what happens, in its scope only', async () => {
    const stream = follow('all')
    await until(stream, begun)
    const first = await startPlan(server.engine, project, onePlan())
    await until(stream, created(first))
    const narrow = follow(`pipeline:${first}`)
    await until(narrow, begun)
    const { workflows } = await server.engine.pipeline(first)
    await startPlan(server.engine, project, onePlan())
    await server.engine.cancelWorkflow(workflows[0]?.id ?? '', { login: 'dev' })
    expect(change(await until(narrow, (message) => message.data !== undefined))?.pipelineId).toBe(first)
    await stream.return(undefined)
    await narrow.return(undefined)
  })

  it('goes on after the last message that was seen, also from the position of the beginning', async () => {
    const stream = follow('all')
    const { id: beginning } = await until(stream, begun)
    await stream.return(undefined)
    const ids = [await startPlan(server.engine, project, onePlan()), await startPlan(server.engine, project, onePlan())]
    const resumed = follow('all', beginning)
    const seen = await until(resumed, created(ids[0]))
    await resumed.return(undefined)
    const again = follow('all', seen.id)
    expect(change(await until(again, kind('pipeline.created')))?.pipelineId).toBe(ids[1])
    await again.return(undefined)
  })

  it('shows too much rather than too little to a reader whose position is none', async () => {
    const id = await startPlan(server.engine, project, onePlan())
    const stream = follow(`pipeline:${id}`, 'nonsense')
    expect(change(await until(stream, kind('pipeline.created')))?.pipelineId).toBe(id)
    await stream.return(undefined)
  })

  it('tells on one server what happened on another', async () => {
    const stream = follow('all', undefined, second)
    await until(stream, begun)
    await until(stream, created(await startPlan(server.engine, project, onePlan())))
    await stream.return(undefined)
  })
})

describe('the log stream', () => {
  const open = (jobId: string, query = '', headers = {}, at = server) =>
    eventStream(at, token, `/api/private/jobs/${jobId}/log/stream?task=0&step=101&attempt=0${query}`, headers)
  const text = (message: SseMessage) => (JSON.parse(message.data ?? '{}') as LogChunk).text
  const withData = (message: SseMessage) => message.data !== undefined

  it('shows bytes as they come, characters whole, and ends with the step', async () => {
    const { jobId, agent } = await startTask()
    const stream = open(jobId)
    await agent.start()
    await agent.log(0, 'one\n')
    expect(text(await until(stream, withData))).toBe('one\n')
    const euro = Buffer.from('2 €\n')
    await agent.call('PUT', '/logs/101/0?offset=4', euro.subarray(0, 3))
    expect(text(await until(stream, withData))).toBe('2 ')
    await agent.call('PUT', '/logs/101/0?offset=7', euro.subarray(3))
    expect(await until(stream, withData)).toMatchObject({
      id: '10',
      data: JSON.stringify({ offset: 6, next: 10, text: '€\n' }),
    })
    await agent.end('one\n2 €\n')
    expect(await until(stream, withData)).toMatchObject({ event: 'end', data: '{"next":10}' })
    expect((await stream.next()).done).toBe(true)
  })

  it('resumes at an offset and at the last message', async () => {
    const { jobId, agent } = await startTask()
    await agent.start()
    await agent.log(0, 'one\ntwo\n')
    await agent.end('one\ntwo\n')
    expect(text(await until(open(jobId, '&offset=4'), withData))).toBe('two\n')
    expect(text(await until(open(jobId, '', { 'last-event-id': '5' }), withData))).toBe('wo\n')
    expect((await until(open(jobId, '&offset=8'), withData)).event).toBe('end')
  })

  it('ends when the job was canceled in the middle of a step', async () => {
    const { jobId, agent } = await startTask()
    await agent.start()
    const stream = open(jobId)
    await agent.log(0, 'one\n')
    await until(stream, withData)
    await apiOf(server, token)('POST', `/api/v2/jobs/${jobId}/cancel`)
    await agent.event({ type: 'task.ended', outcome: 'canceled' })
    expect((await until(stream, withData)).event).toBe('end')
  })

  it('goes on after the job for a service container, until the runner has closed its step', async () => {
    const { jobId, agent } = await startTask()
    const stream = eventStream(server, token, `/api/private/jobs/${jobId}/log/stream?task=0&step=2&attempt=0`)
    await agent.startService(2)
    await agent.start()
    await agent.end('')
    await agent.finish()
    await agent.log(0, 'the last words\n', 2)
    expect(text(await until(stream, withData))).toBe('the last words\n')
    await agent.endService('the last words\n', 2)
    expect((await until(stream, withData)).event).toBe('end')
  })

  it('shows on one server what an agent sends to another', async () => {
    const { jobId, agent } = await startTask()
    const stream = open(jobId, '', {}, second)
    await until(stream, () => true)
    await agent.start()
    await agent.log(0, 'one\n')
    expect(text(await until(stream, withData))).toBe('one\n')
    await stream.return(undefined)
  })
})

/** After this, a claim waits. */
async function drain(): Promise<void> {
  for (let left = await claim(server, 0); left; left = await claim(server, 0));
}

describe('two servers on one database', () => {
  it('hand a task out once, and serve it both', async () => {
    await drain()
    await startPlan(server.engine, project, onePlan())
    const both = await Promise.all([claim(server, 1), claim(second, 1)])
    const claimed = both.filter((one) => one !== null)
    expect(claimed).toHaveLength(1)
    const [one] = claimed
    if (!one) throw new Error('no task')
    await new FakeAgent(server, one).start()
    expect((await new FakeAgent(second, one).log(0, 'one\n')).json()).toEqual({ size: 4 })
    expect((await new FakeAgent(server, one).log(4, 'two\n')).json()).toEqual({ size: 8 })
    const agent = new FakeAgent(second, one)
    const end = {
      type: 'step.ended',
      step: 101,
      attempt: 0,
      status: 'success',
      exitCode: 0,
      insignificant: false,
    } as const

    expect((await agent.event({ ...end, log: receiptOf('one\ntwo\n') }, 2)).json()).toEqual({ acked: 2 })
  })
})

describe('closing', () => {
  it('ends open streams and waiting runners at once', async () => {
    const third = await installation.start()
    const stream = follow('all', undefined, third)
    await until(stream, begun)
    await drain()
    const waiting = claim(third, 60)
    await once(third.app.server, 'request')
    await installation.stop(third)
    await expect(until(stream, () => false)).rejects.toThrow('the stream ended')
    expect(await waiting).toBeNull()
  })
})
