import type { Project } from '@orrery/engine'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Server } from '../src/index.ts'
import { type Api, apiOf } from './support/api.ts'
import { Installation } from './support/installation.ts'
import { onePlan, startPlan } from './support/plan.ts'
import { claim, FakeAgent } from './support/runner.ts'
import { WorkTree } from './support/work-tree.ts'

let installation: Installation
let server: Server
let project: Project
let tree: WorkTree
let revision: string
let api: Api
beforeAll(async () => {
  installation = await Installation.create()
  server = await installation.start({ cacheUploadMustSucceed: true })
  tree = await WorkTree.create()
  revision = await tree.commit('Change [skip ci]', { 'a.txt': 'a' })
  project = await server.registerProject({ slug: 'local/acme/app', from: tree.path })
  api = apiOf(server, server.createUserToken('ann'))
})
afterAll(async () => {
  await installation.close()
  await tree.remove()
})

async function nextSpec() {
  await startPlan(server.engine, project, onePlan(), revision)
  const claimed = await claim(server)
  if (!claimed) throw new Error('no task')
  await new FakeAgent(server, claimed).event({ type: 'task.ended', outcome: 'success' })
  return claimed.spec
}

describe('settings of a project', () => {
  const url = () => `/api/private/projects/${project.id}/settings`

  it('stay as they are where a change does not name them', async () => {
    expect((await api('GET', url())).json()).toEqual({ disableSsh: false, forksReadCaches: false })
    await api('PATCH', url(), { forksReadCaches: true })
    expect((await api('PATCH', url(), { disableSsh: true })).json()).toEqual({
      disableSsh: true,
      forksReadCaches: true,
    })
  })

  it.each([
    ['an unknown name', { disable: true }, 400],
    ['no boolean', { disableSsh: 'no' }, 400],
  ])('refuse %s', async (_, body, status) => {
    expect((await api('PATCH', url(), body)).status).toBe(status)
  })

  it('of a project that is none are not found', async () => {
    const missing = '/api/private/projects/00000000-0000-4000-8000-000000000000'
    expect((await api('GET', `${missing}/settings`)).status).toBe(404)
    expect((await api('PATCH', `${missing}/settings`, { disableSsh: true })).status).toBe(404)
    expect((await api('DELETE', `${missing}/layers`)).status).toBe(404)
  })
})

it('128: a purge of the Docker layers gives later jobs another generation', async () => {
  expect((await nextSpec()).layers).toEqual({ generation: 0, scope: '' })

  expect((await api('DELETE', `/api/private/projects/${project.id}/layers`)).status).toBe(204)

  expect((await nextSpec()).layers).toEqual({ generation: 1, scope: '' })
})

it('jobs are told that a cache which cannot be stored fails its step', async () => {
  expect((await nextSpec()).cacheUploadMustSucceed).toBe(true)
})
