import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Project } from '@orrery/engine'
import type { PipelineView } from '@orrery/protocol'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Server } from '../src/index.ts'
import { PushJournal } from '../src/pipelines/push-journal.ts'
import { type Api, apiOf } from './support/api.ts'
import { Installation } from './support/installation.ts'
import { WorkTree, withToken } from './support/work-tree.ts'

const config = `version: 2.1
jobs:
  build:
    docker:
      - image: busybox
    steps:
      - run: echo hello
workflows:
  main:
    jobs:
      - build
`
const good = { '.circleci/config.yml': config }
const broken = { '.circleci/config.yml': config.replace('- run: echo hello', '- no-such-command') }

let installation: Installation
let server: Server
let api: Api
let tree: WorkTree
let project: Project
let count = 0

beforeAll(async () => {
  installation = await Installation.create()
  server = await installation.start()
  api = apiOf(server, server.createUserToken('dev'))
})
afterAll(() => installation.close())
beforeEach(async () => {
  project = await server.registerProject({ slug: `local/acme/app-${++count}` })
  tree = await WorkTree.create()
  await tree.git(
    'remote',
    'add',
    'origin',
    withToken(`${server.url}/git/${project.slug}.git`, server.createUserToken('dev')),
  )
})
afterEach(() => tree.remove())

async function pipelines(): Promise<PipelineView[]> {
  const answer = await api('GET', `/api/private/pipelines?project=${project.slug}`)
  return (answer.json() as { items: PipelineView[] }).items
}
const push = (...args: string[]) => tree.git('push', 'origin', ...args)

describe('a push', () => {
  it('starts a pipeline and says so on the screen of who pushed', async () => {
    const revision = await tree.commit('First change\n\nWith a body.', good)
    const result = await push('main')
    const [pipeline] = await pipelines()
    expect(pipeline).toMatchObject({
      number: 1,
      state: 'created',
      branch: 'main',
      tag: null,
      revision,
      subject: 'First change',
      author: 'Dev',
      trigger: 'webhook',
      workflows: [{ name: 'main', status: 'running' }],
    })
    expect(result.stderr).toContain(`remote: Pipeline 1 of ${project.slug} (main, ${revision.slice(0, 7)}) runs main`)
    expect(result.stderr).toContain(`remote:   ${server.url}/pipelines/${project.slug}/1`)
    expect(await readdir(join(installation.dataDir, 'server', 'pushes'))).toEqual([])
  })

  it('of a broken config shows where it is broken, there and on the pipeline', async () => {
    await tree.commit('Break it', broken)
    const result = await push('main')
    expect(result.code).toBe(0)
    const [pipeline] = await pipelines()
    const error = pipeline?.errors[0]
    expect(pipeline?.state).toBe('errored')
    expect(error).toMatchObject({
      type: 'config',
      file: '.circleci/config.yml',
      line: 7,
      code: expect.stringMatching(/^C\d+$/),
    })
    expect(error?.excerpt).toContain('7 |       - no-such-command')
    expect(result.stderr).toContain(`remote:   .circleci/config.yml:7:${error?.column}  error ${error?.code}`)
    expect(result.stderr).toContain(`remote:   ${error?.message}`)
    expect(result.stderr).toMatch(/remote: +7 \| {7}- no-such-command/)
    expect(result.stderr).toMatch(/remote: +\| +\^/)
  })

  it('without a config is an errored pipeline that names the file', async () => {
    await tree.commit('No config')
    const result = await push('main')
    const message = `config file .circleci/config.yml could not be located on branch main in repository ${server.url}/git/${project.slug}.git`
    expect((await pipelines())[0]).toMatchObject({ state: 'errored', errors: [{ type: 'config-fetch', message }] })
    expect(result.stderr).toContain(message)
  })

  it('that asks to be skipped starts nothing', async () => {
    await tree.commit('Change a typo [skip ci]', good)
    expect((await push('main')).stderr).toContain('No pipeline: the commit message asks to skip it.')
    expect(await pipelines()).toEqual([])
  })

  it('of several branches and tags starts one each, for an annotated tag at its commit', async () => {
    const revision = await tree.commit('Change', good)
    await tree.git('tag', '-a', 'v1', '-m', 'Version one')
    await tree.git('branch', 'dev')
    await push('main', 'dev', 'v1')
    const all = await pipelines()
    expect(all.map((one) => one.branch ?? one.tag).sort()).toEqual(['dev', 'main', 'v1'])
    expect(new Set(all.map((one) => one.revision))).toEqual(new Set([revision]))
  })

  it('of a deletion, of notes, or of a tag on a tree starts nothing', async () => {
    await tree.commit('Change', good)
    await push('main:dev')
    await tree.git('tag', 'on-a-tree', 'HEAD^{tree}')
    await push(':dev', 'HEAD:refs/notes/x', 'on-a-tree')
    expect((await pipelines()).length).toBe(1)
  })

  it('by force starts the pipeline of the new commit', async () => {
    await tree.commit('One', good)
    await push('main')
    await tree.git('commit', '--amend', '-q', '-m', 'Other')
    await push('-f', 'main')
    expect((await pipelines()).map((one) => one.subject)).toEqual(['Other', 'One'])
  })

  it('whose text holds escape sequences cannot write to the terminal', async () => {
    await tree.commit('x', { '.circleci/config.yml': 'version: 2.1\njobs: "\u001b]0;owned\u0007"\n' })
    expect((await push('main')).stderr).not.toMatch(/owned\u0007/)
  })
})

describe('who may push', () => {
  it('nobody without a token, and git is told to ask for one', async () => {
    const answer = await apiOf(server, null)('GET', `/git/${project.slug}.git/info/refs?service=git-receive-pack`)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toContain('Basic')
    await tree.commit('Change', good)
    const result = await tree.git('push', `${server.url}/git/${project.slug}.git`, 'main')
    expect(result.code).not.toBe(0)
    expect(await pipelines()).toEqual([])
  })

  it.each(['HEAD', 'config', 'objects/info/packs', '../../keys.json', '..%2f..%2fkeys.json', 'hooks/post-receive'])(
    'nobody reads a file by its name: %s',
    async (path) => {
      const answer = await api('GET', `/git/${project.slug}.git/${path}`)
      expect([path, answer.status]).toEqual([path, 404])
    },
  )

  it('finds no repository of another name or shape', async () => {
    for (const slug of ['local/acme/none', '..%2f..%2flocal/acme/app-1', 'local/acme/app-1.git/x']) {
      const answer = await api('GET', `/git/${slug}.git/info/refs?service=git-upload-pack`)
      expect([slug, answer.status]).toEqual([slug, 404])
    }
  })
})

describe('a clone', () => {
  it('gets what was pushed, whole, shallow or without blobs', async () => {
    await tree.commit('One', good)
    const revision = await tree.commit('Two', { 'a.txt': 'a' })
    await push('main')
    const url = withToken(`${server.url}/git/${project.slug}.git`, server.createUserToken('dev'))
    for (const [name, ...options] of [['whole'], ['shallow', '--depth=1'], ['blobless', '--filter=blob:none']]) {
      const cloned = await tree.git('clone', '-q', ...options, '--', url, name ?? '')
      expect([name, cloned.code, cloned.stderr]).toEqual([name, 0, ''])
      expect((await tree.git('-C', name ?? '', 'rev-parse', 'HEAD')).stdout.trim()).toBe(revision)
    }
  })

  it('of a large push in many pieces is complete', async () => {
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f/${i}.txt`, `${i}\n`.repeat(2000)]))
    await tree.commit('Many', { ...good, ...files })
    await tree.git('-c', 'http.postBuffer=65536', 'push', 'origin', 'main')
    const url = withToken(`${server.url}/git/${project.slug}.git`, server.createUserToken('dev'))
    await tree.git('clone', '-q', url, 'copy')
    expect(await readdir(join(tree.path, 'copy', 'f'))).toHaveLength(300)
  })
})

describe('an API trigger', () => {
  const trigger = (body: object) => api('POST', `/api/v2/project/${encodeURIComponent(project.slug)}/pipeline`, body)

  it('runs the tip of a branch, also of one whose commit asks to be skipped', async () => {
    const revision = await tree.commit('Change [skip ci]', good)
    await push('main')
    const answer = await trigger({})
    expect(answer.status).toBe(201)
    const { id, number } = answer.json() as { id: string; number: number }
    expect(number).toBe(1)
    await expect
      .poll(async () => ((await api('GET', `/api/v2/pipeline/${id}`)).json() as PipelineView).state)
      .toBe('created')
    expect((await api('GET', `/api/v2/pipeline/${id}`)).json()).toMatchObject({
      vcs: { branch: 'main', revision, commit: { subject: 'Change [skip ci]' } },
      trigger: { type: 'api' },
    })
    const workflows = (await api('GET', `/api/v2/pipeline/${id}/workflow`)).json()
    expect(workflows).toMatchObject({ items: [{ name: 'main', pipeline_id: id }], next_page_token: null })
    expect((await api('GET', `/api/v2/pipeline/${id}/config`)).json()).toMatchObject({ source: config })
  })

  it.each(['nope', 'main~1', 'main^{tree}', '--help', '../main', 'main:.circleci'])(
    'of branch %s is not found',
    async (branch) => {
      await tree.commit('Change', good)
      await push('main')
      const answer = await trigger({ branch })
      expect([answer.status, answer.json()]).toMatchObject([404, { message: 'Branch not found' }])
    },
  )
})

describe('a crash', () => {
  it('between the refs and the pipeline is made good at the next start, once', async () => {
    const at = new Date().toISOString()
    const revision = await tree.commit('Change', good)
    // What is on disk when the server dies just after git changed the ref.
    const bare = join(installation.dataDir, 'server', 'git', `${project.slug}.git`)
    await tree.git('push', bare, 'main')
    const journal = new PushJournal(join(installation.dataDir, 'server', 'pushes'))
    const update = { ref: 'refs/heads/main', before: '0'.repeat(40), after: revision }
    const record = { projectId: project.id, login: 'dev', at, updates: [update] }
    await journal.begin(record)
    await journal.begin(record)
    await writeFile(join(installation.dataDir, 'server', 'pushes', 'half.json'), '{"id":')

    const second = await installation.start()
    await expect.poll(() => journal.open()).toEqual([])
    expect((await pipelines()).map((one) => [one.revision, one.state])).toEqual([[revision, 'created']])
    await installation.stop(second)
  })

  it('between begin and compile is made good at the next start', async () => {
    const revision = await tree.commit('Change', good)
    await push('main')
    const pending = await server.engine.beginPipeline({
      projectId: project.id,
      trigger: 'webhook',
      actor: { login: 'dev' },
      vcs: { branch: 'main', revision, subject: 's', body: '', author: 'a' },
      parameters: {},
    })
    const second = await installation.start()
    await expect.poll(async () => (await server.engine.pipeline(pending.id)).state).toBe('created')
    await installation.stop(second)
  })
})

describe('a project', () => {
  it('starts with the branches of an existing repository', async () => {
    const revision = await tree.commit('Old work', good)
    await tree.git('branch', '-m', 'trunk')
    const copied = await server.registerProject({ slug: 'local/acme/copied', from: tree.path })
    expect(copied).toMatchObject({ name: 'copied', defaultBranch: 'trunk' })
    const url = withToken(`${server.url}/git/local/acme/copied.git`, server.createUserToken('dev'))
    expect((await tree.git('ls-remote', url)).stdout).toContain(`${revision}\trefs/heads/trunk`)
    await expect(server.registerProject({ slug: 'local/acme/copied' })).rejects.toMatchObject({
      code: 'ORY_PROJECT_EXISTS',
    })
  })

  it('is made over HTTP too', async () => {
    await tree.commit('Old work', good)
    const answer = await api('POST', '/api/private/projects', { name: 'acme/by-http', from: tree.path })
    const gitUrl = `${server.url}/git/local/acme/by-http.git`
    expect([answer.status, answer.json()]).toMatchObject([201, { slug: 'local/acme/by-http', name: 'by-http', gitUrl }])
    expect((await api('GET', '/api/private/projects')).text).toContain(gitUrl)
    const again = await api('POST', '/api/private/projects', { name: 'acme/by-http' })
    expect([again.status, again.json()]).toMatchObject([409, { code: 'ORY_PROJECT_EXISTS' }])
    expect((await api('POST', '/api/private/projects', { name: '../../x' })).status).toBe(400)
  })

  it('runs a commit that was pushed into its folder, narrowed and with parameters', async () => {
    const two = config.replace(
      'workflows:',
      'parameters:\n  word:\n    type: string\n    default: a\nworkflows:\n  other:\n    jobs: [build]',
    )
    const revision = await tree.commit('Local work', { '.circleci/config.yml': two })
    await tree.git('push', server.repositoryPath(project), 'main')
    const request = { project, branch: 'main', revision, actor: { login: 'dev' }, parameters: { word: 'b' } }
    const id = await server.runCommit({ ...request, only: { workflow: 'other' } })
    expect(await server.engine.pipeline(id)).toMatchObject({ state: 'created', workflows: [{ name: 'other' }] })
  })

  it.each(['../x/y', 'local/x', 'local/x/..', 'local/x/-y', 'local/x/y.git'])('may not be called %s', async (slug) => {
    await expect(server.registerProject({ slug })).rejects.toMatchObject({ code: 'ORY_BAD_REQUEST' })
  })

  it.each([
    'ssh://host/x',
    'http://host/x',
    'ext::sh -c id',
    'relative/path',
    '--upload-pack=id',
    'https://u:p@host/x',
  ])('is not copied from %s', async (from) => {
    await expect(server.registerProject({ slug: 'local/acme/other', from })).rejects.toMatchObject({
      code: 'ORY_BAD_REQUEST',
    })
  })
})
