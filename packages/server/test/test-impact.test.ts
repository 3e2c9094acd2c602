import { maxImpactBytes } from '@orrery/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Server } from '../src/index.ts'
import { Installation } from './support/installation.ts'
import { onePlan, startPlan } from './support/plan.ts'
import { claim, FakeAgent } from './support/runner.ts'

let installation: Installation
let server: Server
beforeAll(async () => {
  installation = await Installation.create()
  server = await installation.start()
})
afterAll(() => installation.close())

async function agentOf(slug: string): Promise<FakeAgent> {
  const project = (await server.engine.projectBySlug(slug)) ?? (await server.registerProject({ slug }))
  await startPlan(server.engine, project, onePlan())
  const claimed = await claim(server)
  if (!claimed) throw new Error('no task')
  return new FakeAgent(server, claimed)
}

const impact = async (agent: FakeAgent) =>
  (await agent.call('POST', '/test-impact', { key: 'unit' })).json() as { parts: string[] }
const document = Buffer.from('{"version":1,"files":{},"edges":{}}')
const upload = (name: string) => ({ kind: 'impact', name, key: 'unit', replaces: [] })

it('an agent stores impact data, and a later one of the project reads it', async () => {
  const agent = await agentOf('local/acme/app')
  expect(await impact(agent)).toEqual({ builds: 'default-branch', parts: [], failed: [] })
  expect((await agent.upload(upload('a'), document)).json()).toEqual({ outcome: 'stored' })
  await agent.finish()

  const later = await agentOf('local/acme/app')
  const { parts } = await impact(later)

  const read = await later.call('GET', `/test-impact/parts/${parts[0]}`)
  expect([parts.length, read.status, read.text]).toEqual([1, 200, document.toString()])
  await later.finish()
  const stranger = await agentOf('local/acme/other')
  expect(await impact(stranger)).toMatchObject({ parts: [] })
  expect((await stranger.call('GET', `/test-impact/parts/${parts[0]}`)).status).toBe(404)
  await stranger.finish()
})

it('the first selection stands, and nonsense is refused', async () => {
  const agent = await agentOf('local/acme/app')
  const selection = (atom: string) => ({ selected: [{ atom, reason: 'why' }], skipped: [], stale: [] })
  const agree = (body: object) => agent.call('POST', '/test-impact/selection', { suite: 's', ...body })
  const question = 'a'.repeat(40)

  for (const atom of ['first', 'second']) {
    expect((await agree({ question, selection: selection(atom) })).json()).toEqual(selection('first'))
  }

  expect((await agree({ question: 'x', selection: selection('a') })).status).toBe(400)
  expect((await agree({ question, selection: { selected: ['a'] } })).status).toBe(400)
  expect((await agent.call('POST', '/test-impact', { key: '' })).status).toBe(400)
  expect((await agent.call('POST', '/uploads', { ...upload('b'), replaces: ['x'] })).status).toBe(400)
  await agent.finish()
})

it('a document that is too large is refused while it arrives', async () => {
  const agent = await agentOf('local/acme/app')
  const { uploadId } = (await agent.call('POST', '/uploads', upload('large'))).json() as { uploadId: string }
  const piece = Buffer.alloc(4 * 1024 * 1024)
  const put = (at: number) => agent.call('PUT', `/uploads/${uploadId}?offset=${at}`, piece)
  for (let at = 0; at < maxImpactBytes; at += piece.length) expect((await put(at)).status).toBe(200)
  expect((await put(maxImpactBytes)).status).toBe(413)
  await agent.finish()
})
