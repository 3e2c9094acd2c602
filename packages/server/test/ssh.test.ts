import type { Project } from '@orrery/engine'
import type { UserKeyView } from '@orrery/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Server } from '../src/index.ts'
import { apiOf } from './support/api.ts'
import { Installation } from './support/installation.ts'
import { onePlan, startPlan } from './support/plan.ts'
import { claim, FakeAgent } from './support/runner.ts'
import { WorkTree } from './support/work-tree.ts'

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1Xh4J9fGb4rS2mJrUe8wX4mRr7E3iV1C0m0x6Yv3oP'
let installation: Installation
let server: Server
let project: Project
let tree: WorkTree
let revision: string
beforeAll(async () => {
  installation = await Installation.create()
  server = await installation.start({ ssh: { idleS: 5, longestS: 50 }, noSsh: new Set(['local/acme/closed']) })
  tree = await WorkTree.create()
  revision = await tree.commit('Change [skip ci]', { 'a.txt': 'a' })
  project = await server.registerProject({ slug: 'local/acme/app', from: tree.path })
})
afterAll(async () => {
  await installation.close()
  await tree.remove()
})

const as = (login: string) => apiOf(server, server.createUserToken(login))
const keysOf = async (login: string) =>
  ((await as(login)('GET', '/api/private/me/ssh-keys')).json() as { items: UserKeyView[] }).items

/** Runs the job of a fresh pipeline to its end; answers the ids that a rerun needs. */
async function endedJob(of = project): Promise<{ workflowId: string; jobId: string }> {
  await startPlan(server.engine, of, onePlan(), revision)
  const claimed = await claim(server)
  if (!claimed) throw new Error('no task')
  await new FakeAgent(server, claimed).event({ type: 'task.ended', outcome: 'failed' })
  return claimed.spec
}

describe('SSH keys', () => {
  it('belong to one person: others neither see nor remove them', async () => {
    const added = await as('ada')('POST', '/api/private/me/ssh-keys', { publicKey: `${key} ada@home` })
    expect(added.status).toBe(201)
    const { id } = added.json() as UserKeyView
    expect(await as('ada')('POST', '/api/private/me/ssh-keys', { publicKey: key })).toMatchObject({ status: 201 })

    expect(await keysOf('ada')).toMatchObject([{ id, name: 'ada@home', publicKey: key }])
    expect(await keysOf('bob')).toEqual([])
    expect((await as('bob')('DELETE', `/api/private/me/ssh-keys/${id}`)).status).toBe(404)
    expect((await as('ada')('DELETE', `/api/private/me/ssh-keys/${id}`)).status).toBe(204)
    expect(await keysOf('ada')).toEqual([])
  })

  it('must be public keys', async () => {
    const answer = await as('ada')('POST', '/api/private/me/ssh-keys', { publicKey: 'nonsense' })
    expect([answer.status, (answer.json() as { message: string }).message]).toEqual([
      400,
      'this is no SSH public key (Ed25519, ECDSA or RSA, one line)',
    ])
  })
})

describe('a rerun with SSH', () => {
  it.each([
    ['without jobs', { enable_ssh: true }],
    ['of all that failed', { enable_ssh: true, from_failed: true }],
    ['with both selections', { jobs: ['00000000-0000-4000-8000-000000000000'], from_failed: true }],
  ])('is refused %s', async (_, body) => {
    const { workflowId } = await endedJob()
    expect((await as('ada')('POST', `/api/v2/workflow/${workflowId}/rerun`, body)).status).toBe(400)
  })

  it('is refused in a project that the operator has closed, and nowhere else', async () => {
    const closed = await server.registerProject({ slug: 'local/acme/closed', from: tree.path })
    const { workflowId, jobId } = await endedJob(closed)
    const rerun = (body: object) => as('ada')('POST', `/api/v2/workflow/${workflowId}/rerun`, body)

    const refused = await rerun({ jobs: [jobId], enable_ssh: true })

    expect([refused.status, refused.json()]).toMatchObject([403, { code: 'ORY_SSH_OFF' }])
    expect((await rerun({ jobs: [jobId] })).status).toBe(202)
    await claim(server)
  })

  it('is refused, and not offered, where the project forbids it', async () => {
    const strict = await server.registerProject({ slug: 'local/acme/strict', from: tree.path })
    const { workflowId, jobId } = await endedJob(strict)
    const job = async () => (await as('ada')('GET', `/api/private/jobs/${jobId}`)).json()
    const settingsUrl = '/api/v2/project/local/acme/strict/settings'
    expect(await job()).toMatchObject({ canRerunWithSsh: true })

    const changed = await as('ada')('PATCH', settingsUrl, { advanced: { disable_ssh: true } })

    expect([changed.status, changed.json()]).toMatchObject([200, { advanced: { disable_ssh: true } }])
    expect((await as('ada')('GET', settingsUrl)).json()).toEqual(changed.json())
    expect(await job()).toMatchObject({ canRerunWithSsh: false })
    const body = { jobs: [jobId], enable_ssh: true }
    const refused = await as('ada')('POST', `/api/v2/workflow/${workflowId}/rerun`, body)
    expect([refused.status, refused.json()]).toMatchObject([403, { code: 'ORY_SSH_OFF' }])
  })

  it('is not offered where the operator has closed the project', async () => {
    const closed = await server.engine.projectBySlug('local/acme/closed')
    if (!closed) throw new Error('no project')
    const { jobId } = await endedJob(closed)

    expect((await as('ada')('GET', `/api/private/jobs/${jobId}`)).json()).toMatchObject({ canRerunWithSsh: false })
  })

  it('cannot be decided by a setting that nothing heeds', async () => {
    const answer = await as('ada')('PATCH', '/api/v2/project/local/acme/app/settings', { advanced: { oss: true } })
    expect(answer.status).toBe(400)
  })

  it('opens the job for the keys of the person who asked, in this rerun and in the next person’s', async () => {
    const { workflowId, jobId } = await endedJob()
    await as('ada')('POST', '/api/private/me/ssh-keys', { publicKey: key })

    const answer = await as('ada')('POST', `/api/v2/workflow/${workflowId}/rerun`, { jobs: [jobId], enable_ssh: true })
    expect(answer.status).toBe(202)
    const first = await claim(server)
    expect(first?.spec.ssh).toEqual({ authorizedKeys: [key], idleS: 5, longestS: 50 })

    if (!first) throw new Error('no task')
    await new FakeAgent(server, first).event({ type: 'task.ended', outcome: 'failed' })
    await as('bob')('POST', `/api/v2/workflow/${first.spec.workflowId}/rerun`, { from_failed: true })
    expect((await claim(server))?.spec).not.toHaveProperty('ssh')
  })

  it('of a job of another workflow is refused', async () => {
    const [one, two] = [await endedJob(), await endedJob()]
    const body = { jobs: [two.jobId], enable_ssh: true }
    expect((await as('ada')('POST', `/api/v2/workflow/${one.workflowId}/rerun`, body)).status).toBe(409)
  })
})
