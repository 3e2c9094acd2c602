import type { Project } from '@orrery/engine'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Server } from '../src/index.ts'
import { apiOf } from './support/api.ts'
import { Installation } from './support/installation.ts'
import { onePlan, startPlan } from './support/plan.ts'
import { claim, FakeAgent, receiptOf } from './support/runner.ts'

let installation: Installation
let server: Server
let project: Project
let other: Project

beforeAll(async () => {
  installation = await Installation.create()
  server = await installation.start()
  project = await server.registerProject({ slug: 'local/acme/app' })
  other = await server.registerProject({ slug: 'local/acme/other' })
})
afterAll(() => installation.close())

async function agentOf(of: Project): Promise<{ agent: FakeAgent; jobId: string; workflowId: string }> {
  await startPlan(server.engine, of, onePlan())
  const claimed = await claim(server)
  if (!claimed) throw new Error('no task')
  const { jobId, workflowId } = claimed.spec
  return { agent: new FakeAgent(server, claimed), jobId, workflowId }
}

async function fail(agent: FakeAgent): Promise<void> {
  await agent.start()
  const end = { step: 101, attempt: 0, status: 'failed' as const, exitCode: 1, insignificant: false }
  await agent.event({ type: 'step.ended', ...end, log: receiptOf('') })
  await agent.event({ type: 'task.ended', outcome: 'failed' })
}

const lines = (count: number, more: object) =>
  Array.from({ length: count }, (_, index) =>
    JSON.stringify({ name: `t${index}`, classname: 'C', file: 'F', runTime: 1, result: 'success', ...more }),
  ).join('\n')

it('an agent gets the results of earlier runs as one document, empty when there are none (259, 260)', async () => {
  const { agent } = await agentOf(project)
  expect((await agent.call('GET', '/test-results')).json()).toEqual({ tests: [], files: [], exceptions: [] })
  await agent.upload({ kind: 'tests', name: 't' }, Buffer.from(lines(1001, { message: 'no' })))
  await agent.finish()

  const { agent: next } = await agentOf(project)
  const answer = await next.call('GET', '/test-results')

  expect(answer.headers.get('content-type')).toContain('application/json')
  const { tests } = answer.json() as { tests: object[] }
  expect(tests).toHaveLength(1001)
  expect(tests[1000]).toEqual({
    classname: 'C',
    file: 'F',
    name: 't1000',
    result: 'success',
    run_time: 1,
    message: '',
    source: '',
    source_type: 'test-suite',
  })
  await next.finish()
  const { agent: stranger } = await agentOf(other)
  expect((await stranger.call('GET', '/test-results')).json()).toMatchObject({ tests: [] })
  await stranger.finish()
})

it('a person reruns the failed tests of a workflow; nobody else can (272, 273)', async () => {
  const api = apiOf(server, server.createUserToken('dev'))
  const first = await agentOf(project)
  await fail(first.agent)
  const path = `/api/v2/workflow/${first.workflowId}/rerun`
  const refused = await api('POST', path, { failed_tests: true })
  expect([refused.status, refused.json()]).toMatchObject([
    409,
    { code: 'ORY_NO_FAILED_TESTS', message: 'can not rerun failed tests: no failed tests could be found' },
  ])

  const second = await agentOf(project)
  await second.agent.upload({ kind: 'tests', name: 't' }, Buffer.from(lines(1, { result: 'failure' })))
  await fail(second.agent)
  const wanted = `/api/v2/workflow/${second.workflowId}/rerun`
  expect((await apiOf(server, null)('POST', wanted, { failed_tests: true })).status).toBe(401)
  for (const token of [server.createRunnerToken('r')]) {
    expect((await apiOf(server, token)('POST', wanted, { failed_tests: true })).status).toBe(403)
  }
  expect((await second.agent.api('POST', wanted, { failed_tests: true })).status).toBe(403)
  expect((await api('POST', wanted, { failed_tests: 'yes' })).status).toBe(400)

  const answer = await api('POST', wanted, { failed_tests: true })

  expect(answer.status).toBe(202)
  const { workflow_id: workflowId } = answer.json() as { workflow_id: string }
  const claimed = await claim(server)
  expect(claimed?.spec).toMatchObject({
    workflowId,
    tests: { earlierResults: true, rerunFailedOf: second.workflowId },
  })
})
