import type { Claim, PipelineView } from '@orrery/protocol'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Server } from '../src/index.ts'
import { type Api, apiOf } from './support/api.ts'
import { Installation } from './support/installation.ts'
import { claim } from './support/runner.ts'
import { WorkTree, withToken } from './support/work-tree.ts'

const setup = `version: 2.1
setup: true
parameters: {deploy: {type: boolean, default: false}}
jobs: {decide: {docker: [{image: busybox}], steps: [{run: decide}]}}
workflows: {first: {jobs: [decide]}}
`
const configuration = `version: 2.1
parameters: {web: {type: boolean, default: false}}
jobs: {build: {docker: [{image: busybox}], steps: [{run: build}]}}
workflows:
  web: {when: << pipeline.parameters.web >>, jobs: [build]}
  always: {jobs: [build]}
`

let now = new Date()
let installation: Installation
let server: Server
let api: Api
let tree: WorkTree
let count = 0

beforeAll(async () => {
  installation = await Installation.create()
  server = await installation.start({ clock: { now: () => now } })
  api = apiOf(server, server.createUserToken('dev'))
})
afterAll(() => installation.close())
beforeEach(async () => {
  now = new Date()
  tree = await WorkTree.create()
})
afterEach(() => tree.remove())

/** A pushed setup config, and the claim of its job. */
async function started(): Promise<{ claimed: Claim; view: () => Promise<PipelineView> }> {
  const project = await server.registerProject({ slug: `local/acme/setup-${++count}` })
  const url = withToken(`${server.url}/git/${project.slug}.git`, server.createUserToken('dev'))
  await tree.git('remote', 'add', 'origin', url)
  await tree.commit('Change', { '.circleci/config.yml': setup })
  await tree.git('push', 'origin', 'main')
  const view = async () => {
    const answer = await api('GET', `/api/private/pipelines?project=${project.slug}`)
    return (answer.json() as { items: PipelineView[] }).items[0] as PipelineView
  }
  return { claimed: await claimOf(project.slug), view }
}

/** The next task of a project; what other tests left behind is passed by. */
async function claimOf(slug: string): Promise<Claim> {
  for (;;) {
    const claimed = await claim(server)
    if (!claimed) throw new Error('nothing to claim')
    if (claimed.spec.projectSlug === slug) return claimed
  }
}

const keyOf = ({ spec }: Claim) =>
  spec.environment.find(({ source }) => source === 'builtin')?.vars['CIRCLE_CONTINUATION_KEY'] ?? ''

/** As the continuation orb calls: without any token. */
const go = (key: string, body: object = {}) =>
  apiOf(server, null)('POST', '/api/v2/pipeline/continue', { 'continuation-key': key, configuration, ...body })

describe('a setup pipeline', () => {
  it('waits in state setup; its job has the key, masked', async () => {
    const { claimed, view } = await started()

    expect(await view()).toMatchObject({ state: 'setup', workflows: [{ name: 'first', status: 'running' }] })
    expect(keyOf(claimed)).toMatch(/^[\w-]{43}$/)
    expect(claimed.spec.maskValues).toContain(keyOf(claimed))
  })

  it('goes on once with the config and the parameters of the call', async () => {
    const { claimed, view } = await started()

    const answer = await go(keyOf(claimed), { parameters: { web: true } })
    const again = await go(keyOf(claimed))

    expect([answer.status, answer.json()]).toEqual([200, { message: 'OK' }])
    expect([again.status, again.json()]).toMatchObject([409, { message: 'Pipeline is not in setup state' }])
    const { state, workflows } = await view()
    expect(state).toBe('created')
    expect(workflows.map(({ name }) => name).sort()).toEqual(['always', 'first', 'web'])
    const next = await claim(server)
    expect(next && [next.spec.jobName, keyOf(next)]).toEqual(['build', ''])
  })

  it.each([
    ['that does not compile', { configuration: 'version: 2.1\nworkflows: {w: {jobs: [nope]}}' }, 'C406', 'nope'],
    ['that is a setup config again', { configuration: setup }, 'C581', 'setup: true'],
    ['with an argument that it does not declare', { parameters: { nope: 1 } }, 'C331', 'nope'],
  ])('waits on after a config %s: the job is told, and the key is good for another', async (_, body, code, message) => {
    const { claimed, view } = await started()

    const answer = await go(keyOf(claimed), body)

    expect([answer.status, answer.json()]).toMatchObject([400, { message: expect.stringContaining(message) }])
    expect(await view()).toMatchObject({ state: 'setup', errors: [{ code, file: 'continuation config' }] })
    expect((await go(keyOf(claimed))).status).toBe(200)
    expect(await view()).toMatchObject({ state: 'created', errors: [] })
  })

  it('may end with nothing more to do, as the orb says it', async () => {
    const { claimed, view } = await started()
    const finish = '{version: 2, jobs: {}, workflows: {version: 2}}'
    expect((await go(keyOf(claimed), { configuration: finish })).status).toBe(200)
    expect(await view()).toMatchObject({ state: 'created', workflows: [{ name: 'first' }] })
  })

  it('knows no other key, and its own for six hours', async () => {
    const { claimed, view } = await started()

    expect((await go('another')).status).toBe(401)
    now = new Date(now.getTime() + 6 * 3600 * 1000 + 1000)
    expect((await go(keyOf(claimed))).status).toBe(409)
    expect((await view()).state).toBe('setup')
  })
})
