import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatLock } from '@orrery/config'
import type { PipelineView } from '@orrery/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Server } from '../src/index.ts'
import { type Api, apiOf } from './support/api.ts'
import { Installation } from './support/installation.ts'
import { WorkTree, withToken } from './support/work-tree.ts'

const config = `version: 2.1
orbs:
  t: acme/tool@1
workflows:
  main:
    jobs: [t/say]
`
const orb = 'version: 2.1\njobs: {say: {docker: [{image: busybox}], steps: [{run: echo hello}]}}\n'

let installation: Installation
let server: Server
let api: Api
let registry: string
const trees: WorkTree[] = []

beforeAll(async () => {
  registry = await mkdtemp(join(tmpdir(), 'or-orbs-'))
  await mkdir(join(registry, 'acme'))
  await writeFile(join(registry, 'acme', 'tool@1.2.0.yml'), orb)
  installation = await Installation.create()
  server = await installation.start({ orbs: { directory: registry } })
  api = apiOf(server, server.createUserToken('dev'))
})
afterAll(async () => {
  await installation.close()
  for (const tree of trees) await tree.remove()
  await rm(registry, { recursive: true })
})

async function pushed(name: string, files: Record<string, string>): Promise<PipelineView | undefined> {
  const project = await server.registerProject({ slug: `local/acme/${name}` })
  const tree = await WorkTree.create()
  trees.push(tree)
  const url = withToken(`${server.url}/git/${project.slug}.git`, server.createUserToken('dev'))
  await tree.git('remote', 'add', 'origin', url)
  await tree.commit('Change', files)
  await tree.git('push', 'origin', 'main')
  const answer = await api('GET', `/api/private/pipelines?project=${project.slug}`)
  return (answer.json() as { items: PipelineView[] }).items[0]
}

const lockOf = (digest: string) =>
  formatLock([{ alias: 't', requested: 'acme/tool@1', resolved: 'acme/tool@1.2.0', digest }])

it('a push uses orbs of the installation’s folder', async () => {
  expect(await pushed('plain', { '.circleci/config.yml': config })).toMatchObject({
    state: 'created',
    workflows: [{ name: 'main', status: 'running' }],
  })
})

it('an orb that is not what the lock file of the commit pins stops the pipeline', async () => {
  const files = { '.circleci/config.yml': config, '.circleci/orbs.lock': lockOf(`sha256:${'0'.repeat(64)}`) }
  expect(await pushed('locked', files)).toMatchObject({
    state: 'errored',
    errors: [{ code: 'C436', file: '.circleci/config.yml', line: 3 }],
  })
})

it('a broken lock file is shown with its place', async () => {
  const files = { '.circleci/config.yml': config, '.circleci/orbs.lock': 'version: 1\norbs: []\n' }
  expect(await pushed('broken', files)).toMatchObject({
    state: 'errored',
    errors: [{ code: 'C437', file: '.circleci/orbs.lock', line: 2, column: 7 }],
  })
})
