import { randomUUID } from 'node:crypto'
import type { UploadRequest } from '@orrery/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine, Project, StoredBlob, TaskLease } from '../src/index.ts'
import { openTestDatabase, type TestDatabase } from './helpers/database.ts'
import { claim, type FakeAgent, runAll } from './helpers/fake-agent.ts'
import { type JobDraft, jobId, newProject, planOf, start } from './helpers/plans.ts'

let database: TestDatabase
let engine: Engine
const bob = { login: 'bob' }
const dayMs = 24 * 3600 * 1000

beforeAll(async () => {
  database = await openTestDatabase()
  engine = await database.engine()
})
afterAll(() => database.close())

function blob(size = 1): StoredBlob {
  return { blobKey: `blob-${randomUUID()}`, size, sha256: 'a'.repeat(64) }
}

async function upload(
  lease: TaskLease,
  request: UploadRequest,
  stored: StoredBlob,
  extra: { files?: string[] } = {},
): Promise<'stored' | 'exists'> {
  const { id } = await engine.beginUpload(lease, request.name, request.kind, request)
  return engine.commitUpload(lease, id, stored, extra)
}

/** Claims the only task of a fresh one-job pipeline of the project. */
async function agentIn(project: Project, draft: JobDraft = {}): Promise<FakeAgent> {
  await start(engine, planOf({ main: { job: draft } }), { project })
  return claim(engine)
}

describe('uploads', () => {
  it('are found again by name, and committed once', async () => {
    const agent = await agentIn(await newProject(engine))
    const request = { kind: 'artifact' as const, name: '101-0', path: 'out/a.txt', contentType: 'text/plain' }
    const [first, again] = await Promise.all([
      engine.beginUpload(agent.lease, '101-0', 'artifact', request),
      engine.beginUpload(agent.lease, '101-0', 'artifact', request),
    ])
    expect(again).toEqual(first)
    expect(first).toMatchObject({ taskId: agent.lease.taskId, kind: 'artifact', meta: request, committed: false })
    expect(await engine.jobArtifacts(agent.claimed.spec.jobId)).toEqual([])

    const stored = blob(3_000_000_000)
    expect(await engine.commitUpload(agent.lease, first.id, stored, {})).toBe('stored')
    expect(await engine.commitUpload(agent.lease, first.id, blob(), {})).toBe('stored')

    expect((await engine.upload(agent.lease, first.id)).committed).toBe(true)
    expect(await engine.jobArtifacts(agent.claimed.spec.jobId)).toEqual([
      { path: 'out/a.txt', nodeIndex: 0, contentType: 'text/plain', ...stored },
    ])
    await agent.finish()
  })

  it('refuse another kind under the same name, other tasks, and an ended task', async () => {
    const project = await newProject(engine)
    const agent = await agentIn(project)
    const { id } = await engine.beginUpload(agent.lease, 'x', 'tests', { kind: 'tests', name: 'x' })
    const other = await agentIn(project)
    const layer = { kind: 'workspace' as const, name: 'x', step: 101 }

    await expect(engine.beginUpload(agent.lease, 'x', 'workspace', layer)).rejects.toMatchObject({
      code: 'ORY_CONFLICT',
    })
    await expect(engine.beginUpload(agent.lease, 'y', 'tests', { kind: 'odd' })).rejects.toMatchObject({
      code: 'ORY_BAD_REQUEST',
    })
    await expect(engine.upload(other.lease, id)).rejects.toMatchObject({ code: 'ORY_NOT_FOUND' })
    await expect(engine.commitUpload(other.lease, id, blob(), {})).rejects.toMatchObject({ code: 'ORY_NOT_FOUND' })
    await agent.finish()
    await expect(engine.commitUpload(agent.lease, id, blob(), {})).rejects.toMatchObject({ code: 'ORY_TASK_GONE' })
    await other.finish()
  })

  it('keep test results in their order, whatever their text', async () => {
    const agent = await agentIn(await newProject(engine))
    const { id } = await engine.beginUpload(agent.lease, 't', 'tests', { kind: 'tests', name: 't' })
    const tests = Array.from({ length: 2500 }, (_, index) => ({
      name: `case ${index}`,
      classname: 'suite \0 "quoted"',
      ...(index % 2 === 0 ? { file: 'a.test.ts' } : {}),
      runTime: 0.25,
      result: 'failure' as const,
      message: 'expected \ud800',
      source: 'junit',
    }))

    const batches = async function* () {
      yield tests.slice(0, 2000)
      yield tests.slice(2000)
    }
    await engine.commitUpload(agent.lease, id, blob(), { tests: batches })

    const stored = await engine.jobTests(agent.claimed.spec.jobId)
    expect(stored.map((test) => test.name)).toEqual(tests.map((test) => test.name))
    expect(stored[1]).toEqual({
      name: 'case 1',
      classname: 'suite \ufffd "quoted"',
      runTime: 0.25,
      result: 'failure',
      message: 'expected \ufffd',
      nodeIndex: 0,
    })
    expect(stored[0]?.file).toBe('a.test.ts')
    await agent.finish()
  })
})

describe('tests', () => {
  it('that failed and then passed on the same commit are flaky, for two weeks (249)', async () => {
    const project = await newProject(engine)
    const vcs = { branch: 'main', revision: 'f1a2', subject: '', body: '', author: 'Ann' }
    const runWith = async (results: Record<string, 'success' | 'failure'>, revision = vcs.revision) => {
      await start(engine, planOf({ main: { job: {} } }), { project, vcs: { ...vcs, revision } })
      const agent = await claim(engine)
      const { id } = await engine.beginUpload(agent.lease, 't', 'tests', { kind: 'tests', name: 't' })
      const tests = async function* () {
        yield Object.entries(results).map(([name, result]) => {
          return { name, classname: 'c', runTime: 0, result, message: '', source: '' }
        })
      }
      await engine.commitUpload(agent.lease, id, blob(), { tests })
      await agent.finish()
      return agent.claimed.spec.jobId
    }
    const flaky = async (id: string) => {
      return (await engine.jobTests(id)).filter((test) => test.flaky).map((test) => test.name)
    }

    const first = await runWith({ wobbly: 'failure', red: 'failure', green: 'success' })
    expect(await flaky(first)).toEqual([])
    await runWith({ wobbly: 'success', red: 'success' }, 'another')
    expect(await flaky(first)).toEqual([])
    const second = await runWith({ wobbly: 'success', red: 'failure', green: 'success' })
    expect([await flaky(first), await flaky(second)]).toEqual([['wobbly'], ['wobbly']])
    database.clock.advance(15 * dayMs)
    expect(await flaky(second)).toEqual([])
  })
})

describe('caches', () => {
  const cache = (key: string): UploadRequest => ({ kind: 'cache', name: `cache ${key}`, key, paths: ['~/.npm'] })

  it('match by prefix, newest first, the first key with any match wins (188, 189, 190)', async () => {
    const agent = await agentIn(await newProject(engine))
    const keys = ['deps-v1', 'deps-v1-linux', 'deps-v1-old', 'other', 'deps-%-_']
    for (const key of keys) await upload(agent.lease, cache(key), blob())
    const found = async (...wanted: string[]) => (await engine.lookupCache(agent.lease, wanted))?.key ?? null

    expect(await found('deps-v1-linux')).toBe('deps-v1-linux')
    expect(await found('deps-v1')).toBe('deps-v1-old')
    expect(await found('none', 'oth', 'deps')).toBe('other')
    expect(await found('deps-')).toBe('deps-%-_')
    expect(await found('deps-%')).toBe('deps-%-_')
    expect(await found('deps_v1')).toBeNull()
    expect(await found('DEPS')).toBeNull()
    expect((await engine.exactCache(agent.lease, 'deps-v1'))?.key).toBe('deps-v1')
    expect(await engine.exactCache(agent.lease, 'deps-')).toBeNull()
    await agent.finish()
  })

  it('belong to the first writer, also when two commit at once (187, 203)', async () => {
    const project = await newProject(engine)
    const [first, second] = [await agentIn(project), await agentIn(project)]
    const blobs = [blob(), blob()] as const

    const outcomes = await Promise.all([
      upload(first.lease, cache('k'), blobs[0]),
      upload(second.lease, cache('k'), blobs[1]),
    ])

    expect([...outcomes].sort()).toEqual(['exists', 'stored'])
    const winner = blobs[outcomes.indexOf('stored')]
    const hit = await engine.exactCache(first.lease, 'k')
    expect(hit).toMatchObject({ blobKey: winner?.blobKey, paths: ['~/.npm'] })
    expect(hit?.jobNumber).toBe([first, second][outcomes.indexOf('stored')]?.claimed.spec.jobNumber)
    expect(await engine.cacheBlob(second.lease, hit?.cacheId ?? '')).toEqual(winner)
    await first.finish()
    await second.finish()
  })

  it('of a fork without secrets stay apart from those of the project, both ways (202)', async () => {
    const project = await newProject(engine)
    await engine.setProjectVariable(project.id, 'DEPLOY_KEY', 'hunter22')
    const forked = async (repository: string, secrets = false) => {
      await start(engine, planOf({ main: { job: {} } }), { project, fork: { repository, secrets } })
      return claim(engine)
    }
    const agents = {
      base: await agentIn(project),
      eve: await forked('github/eve/app'),
      eveAgain: await forked('github/eve/app'),
      mallory: await forked('github/mallory/app'),
      trusted: await forked('github/eve/app', true),
    }

    const knows = (agent: FakeAgent) => JSON.stringify(agent.claimed.spec).includes('hunter22')
    expect([agents.base, agents.trusted, agents.eve, agents.mallory].map(knows)).toEqual([true, true, false, false])

    expect(await upload(agents.eve.lease, cache('k'), blob())).toBe('stored')
    const poisoned = await engine.exactCache(agents.eve.lease, 'k')
    for (const other of [agents.base, agents.mallory, agents.trusted]) {
      expect(await engine.lookupCache(other.lease, ['k'])).toBeNull()
      await expect(engine.cacheBlob(other.lease, poisoned?.cacheId ?? '')).rejects.toMatchObject({
        code: 'ORY_NOT_FOUND',
      })
    }
    expect((await engine.lookupCache(agents.eveAgain.lease, ['k']))?.cacheId).toBe(poisoned?.cacheId)

    expect(await upload(agents.base.lease, cache('k'), blob())).toBe('stored')
    const own = await engine.exactCache(agents.base.lease, 'k')
    expect((await engine.exactCache(agents.trusted.lease, 'k'))?.cacheId).toBe(own?.cacheId)
    expect((await engine.exactCache(agents.eve.lease, 'k'))?.cacheId).toBe(poisoned?.cacheId)
    expect(await engine.exactCache(agents.mallory.lease, 'k')).toBeNull()
    for (const agent of Object.values(agents)) await agent.finish()
  })

  it('of the project are read by forks where it lets them, and never written (A9)', async () => {
    const project = await newProject(engine)
    await engine.changeProjectSettings(project.id, { forksReadCaches: true }, { login: 'ann' })
    const forked = async (repository: string) => {
      await start(engine, planOf({ main: { job: {} } }), { project, fork: { repository, secrets: false } })
      return claim(engine)
    }
    const [base, eve, mallory] = [await agentIn(project), await forked('eve/app'), await forked('mallory/app')]
    await upload(base.lease, cache('k-1'), blob())

    const shared = await engine.lookupCache(eve.lease, ['k-'])
    expect(shared?.key).toBe('k-1')
    await engine.cacheBlob(eve.lease, shared?.cacheId ?? '')
    expect(await engine.exactCache(eve.lease, 'k-1')).toBeNull()
    expect(await upload(eve.lease, cache('k-1'), blob())).toBe('stored')
    await upload(eve.lease, cache('k-2'), blob())

    expect((await engine.lookupCache(eve.lease, ['k-']))?.key).toBe('k-2')
    for (const other of [base, mallory]) {
      expect((await engine.lookupCache(other.lease, ['k-']))?.cacheId).toBe(shared?.cacheId)
    }
    for (const agent of [base, eve, mallory]) await agent.finish()
  })

  it('of one branch serve every other one (200)', async () => {
    const project = await newProject(engine)
    const onBranch = async (branch: string) => {
      const vcs = { branch, revision: 'c0ffee', subject: '', body: '', author: 'Ann' }
      await start(engine, planOf({ main: { job: {} } }), { project, vcs })
      return claim(engine)
    }
    const [a, b] = [await onBranch('a'), await onBranch('b')]
    await upload(a.lease, cache('k'), blob())
    expect((await engine.lookupCache(b.lease, ['k']))?.key).toBe('k')
    await a.finish()
    await b.finish()
  })

  it('stay within their project (201)', async () => {
    const [mine, theirs] = [await agentIn(await newProject(engine)), await agentIn(await newProject(engine))]
    await upload(mine.lease, cache('k'), blob())
    const hit = await engine.exactCache(mine.lease, 'k')

    expect(await engine.lookupCache(theirs.lease, ['k'])).toBeNull()
    expect(await engine.exactCache(theirs.lease, 'k')).toBeNull()
    await expect(engine.cacheBlob(theirs.lease, hit?.cacheId ?? '')).rejects.toMatchObject({ code: 'ORY_NOT_FOUND' })
    expect(await upload(theirs.lease, cache('k'), blob())).toBe('stored')
    await mine.finish()
    await theirs.finish()
  })

  it('expire after 15 days or what the job says, and make way for a new one (205)', async () => {
    const project = await newProject(engine)
    const long = await agentIn(project)
    await upload(long.lease, cache('long'), blob())
    await long.finish()
    const short = await agentIn(project, { spec: { retention: { caches: '2d' } } })
    await upload(short.lease, cache('short'), blob())
    await short.finish()

    database.clock.advance(3 * dayMs)
    const agent = await agentIn(project)
    expect((await engine.lookupCache(agent.lease, ['short', 'long']))?.key).toBe('long')
    expect(await upload(agent.lease, cache('short'), blob())).toBe('stored')
    database.clock.advance(13 * dayMs)
    expect((await engine.lookupCache(agent.lease, ['long', 'short']))?.key).toBe('short')
    await agent.finish()
  })

  it('take any key of up to 900 characters that an index holds', async () => {
    const agent = await agentIn(await newProject(engine))
    const keys = ['a\0b', 'lone \ud800', '🚀'.repeat(600), 'x'.repeat(900)]
    for (const [index, key] of keys.entries()) {
      const request = { kind: 'cache' as const, name: `cache ${index}`, key, paths: [] }
      expect(await upload(agent.lease, request, blob())).toBe('stored')
      expect(await engine.exactCache(agent.lease, key)).not.toBeNull()
      expect(await engine.lookupCache(agent.lease, [[...key].slice(0, -1).join('')])).not.toBeNull()
    }
    await agent.finish()
  })

  it('refuse keys that are empty or too long (197)', async () => {
    const agent = await agentIn(await newProject(engine))
    const random = Array.from({ length: 900 }, (_, index) => String.fromCodePoint(0x4e00 + ((index * 7919) % 20_000)))

    for (const key of ['', 'x'.repeat(901), random.join('')]) {
      await expect(upload(agent.lease, cache(key), blob())).rejects.toMatchObject({ code: 'ORY_BAD_REQUEST' })
    }
    await agent.finish()
  })
})

describe('workspaces', () => {
  const layer = (step: number): UploadRequest => ({ kind: 'workspace', name: `${step}-workspace`, step })

  async function persist(agent: FakeAgent, files: string[], step = 101): Promise<StoredBlob> {
    const stored = blob()
    await upload(agent.lease, layer(step), stored, { files })
    return stored
  }

  it('show the layers of upstream jobs in graph order, not those of siblings or their own (211, 212, 213, 226)', async () => {
    await start(engine, planOf({ main: { a: {}, side: {}, b: { requires: ['a'] }, c: { requires: ['b'] } } }))
    const agents = new Map<string, FakeAgent>()
    for (const expected of [['a', 'side'], ['b'], ['c']]) {
      for (const _ of expected) {
        const agent = await claim(engine)
        const name = agent.claimed.spec.jobName
        agents.set(name, agent)
        await persist(agent, [`${name}.txt`], 105)
        await persist(agent, [`${name}.txt`], 101)
        if (name === 'c') continue
        await agent.finish()
      }
    }
    const c = agents.get('c') as FakeAgent

    const { layers, conflicts } = await engine.workspace(c.lease)

    expect(layers.map((one) => one.jobName)).toEqual(['a', 'a', 'b', 'b'])
    expect(conflicts).toEqual([])
    await c.finish()
  })

  it('name the paths that concurrent jobs both stored (214, 215)', async () => {
    await start(engine, planOf({ main: { a: {}, b: {}, c: { requires: ['a', 'b'] } } }))
    for (const _ of ['a', 'b']) {
      const agent = await claim(engine)
      await persist(agent, ['same', agent.claimed.spec.jobName])
      await agent.finish()
    }
    const agent = await claim(engine)

    expect((await engine.workspace(agent.lease)).conflicts).toEqual(['same'])
    await agent.finish()
  })

  it('of a rerun hold the layers of jobs it took over, and the new ones of those that ran again (221, 223)', async () => {
    const plan = planOf({ main: { a: {}, b: { requires: ['a'] }, c: { requires: ['b'] } } })
    const old = await (await start(engine, plan)).workflow()
    const a = await claim(engine)
    const ofA = await persist(a, ['f'])
    await a.finish()
    const b = await claim(engine)
    await persist(b, ['g'])
    await b.finish('failed')

    const rerun = await engine.rerunWorkflow(old, { fromFailed: true }, bob)
    const again = await claim(engine)
    const inB = await engine.workspace(again.lease)
    const newOfB = await persist(again, ['g'])
    await again.finish()
    const c = await claim(engine)
    const inC = await engine.workspace(c.lease)

    expect(inB.layers).toMatchObject([{ jobName: 'a', jobId: await jobId(engine, rerun, 'a') }])
    const blobs = await Promise.all(inC.layers.map((one) => engine.workspaceBlob(c.lease, one.layerId)))
    expect(blobs).toEqual([ofA, newOfB])
    expect(inC.conflicts).toEqual([])
    await c.finish()
  })

  it('of parallel nodes are all there; the same file from two nodes is a conflict (222)', async () => {
    await start(engine, planOf({ main: { a: { spec: { parallelism: 2 } }, b: { requires: ['a'] } } }))
    for (const node of [0, 1]) {
      const agent = await claim(engine)
      await persist(agent, [`node-${node}`, 'same'])
      await agent.finish()
    }
    const b = await claim(engine)
    const view = await engine.workspace(b.lease)
    expect(view.layers.map((layer) => layer.nodeIndex)).toEqual([0, 1])
    expect(view.conflicts).toEqual(['same'])
    await b.finish()
  })

  it('of a failed job are there for a job that runs because it failed (228)', async () => {
    const after = { requires: [{ job: 'a', statuses: ['failed' as const] }] }
    await start(engine, planOf({ main: { a: {}, b: after } }))
    const a = await claim(engine)
    await persist(a, ['f'])
    await a.finish('failed')
    const b = await claim(engine)
    expect((await engine.workspace(b.lease)).layers).toMatchObject([{ jobName: 'a' }])
    await b.finish()
  })

  it('tell when a layer is past its retention (225)', async () => {
    await start(engine, planOf({ main: { a: {}, b: { requires: ['a'] } } }))
    const a = await claim(engine)
    const stored = await persist(a, ['f'])
    await a.finish()
    const b = await claim(engine)

    database.clock.advance(15 * dayMs - 60_000)
    expect((await engine.workspace(b.lease)).expiredAfterDays).toBeUndefined()
    expect(await engine.namedBlobs([stored.blobKey])).toEqual(new Set([stored.blobKey]))
    database.clock.advance(60_000)
    await engine.removeExpired()
    expect(await engine.workspace(b.lease)).toMatchObject({ expiredAfterDays: 15, layers: [{ jobName: 'a' }] })
    expect(await engine.namedBlobs([stored.blobKey])).toEqual(new Set())
    await b.finish()
  })

  it('from the start begin empty', async () => {
    const old = await (await start(engine, planOf({ main: { a: {}, b: { requires: ['a'] } } }))).workflow()
    const a = await claim(engine)
    await persist(a, ['f'])
    await a.finish()
    await runAll(engine)

    await engine.rerunWorkflow(old, { fromFailed: false }, bob)
    await (await claim(engine)).finish()

    const b = await claim(engine)
    expect((await engine.workspace(b.lease)).layers).toEqual([])
    await b.finish()
  })

  it('give bytes only of layers that the task may see', async () => {
    await start(engine, planOf({ main: { a: {}, side: {} } }))
    const [first, second] = [await claim(engine), await claim(engine)]
    await persist(first, ['f'])
    const [row] = await database.query('select id from workspace_layers where task_id = $1', [first.lease.taskId])

    await expect(engine.workspaceBlob(second.lease, String(row?.['id']))).rejects.toMatchObject({
      code: 'ORY_NOT_FOUND',
    })
    await first.finish()
    await second.finish()
  })
})

describe('garbage', () => {
  it('is what is past its retention; a blob lives while anything names it (205, 237)', async () => {
    const agent = await agentIn(await newProject(engine))
    const { jobId } = agent.claimed.spec
    const [shared, onlyCache] = [blob(), blob()]
    await upload(agent.lease, { kind: 'cache', name: 'c', key: 'c', paths: [] }, onlyCache)
    await upload(agent.lease, { kind: 'cache', name: 'd', key: 'd', paths: [] }, shared)
    await upload(agent.lease, { kind: 'artifact', name: 'a', path: 'a', contentType: 'text/plain' }, shared)
    const keys = [shared.blobKey, onlyCache.blobKey, 'never-named']
    const named = () => engine.namedBlobs(keys)

    expect(await engine.removeExpired()).toBe(0)
    expect(await named()).toEqual(new Set([shared.blobKey, onlyCache.blobKey]))
    database.clock.advance(16 * dayMs)
    expect(await engine.removeExpired()).toBe(2)
    expect(await named()).toEqual(new Set([shared.blobKey]))
    expect(await engine.jobArtifacts(jobId)).toHaveLength(1)
    database.clock.advance(15 * dayMs)
    expect(await engine.jobArtifacts(jobId)).toEqual([])
    expect(await engine.removeExpired()).toBe(1)
    expect(await named()).toEqual(new Set())
    await agent.finish()
  })

  it('never is an artifact where the installation keeps them for ever', async () => {
    const forever = await database.engine({ retention: { cacheDays: 15, workspaceDays: 15, artifactDays: null } })
    const agent = await agentIn(await newProject(engine))
    const request = { kind: 'artifact' as const, name: 'a', path: 'a', contentType: 'text/plain' }
    const { id } = await forever.beginUpload(agent.lease, 'a', 'artifact', request)
    await forever.commitUpload(agent.lease, id, blob(), {})
    database.clock.advance(10_000 * dayMs)
    await forever.removeExpired()
    expect(await forever.jobArtifacts(agent.claimed.spec.jobId)).toHaveLength(1)
    await agent.finish()
  })

  it('are uploads that are committed or whose task has ended', async () => {
    const agent = await agentIn(await newProject(engine))
    const begin = (name: string) => engine.beginUpload(agent.lease, name, 'tests', { kind: 'tests', name })
    const [done, open] = [await begin('done'), await begin('open')]
    await engine.commitUpload(agent.lease, done.id, blob(), {})

    expect(await engine.openUploads([done.id, open.id, randomUUID()])).toEqual(new Set([open.id]))
    await agent.finish()
    expect(await engine.openUploads([done.id, open.id])).toEqual(new Set())
  })
})

describe('coverage', () => {
  it('is kept per report, node and file, in the order of the report', async () => {
    const agent = await agentIn(await newProject(engine))
    const request = { kind: 'coverage' as const, name: 'c', report: 'coverage/lcov.info', format: 'lcov' as const }
    const { id } = await engine.beginUpload(agent.lease, 'c', 'coverage', request)
    const files = ['b.ts', 'a.ts'].map((file) => ({
      file,
      lines: { covered: 1, total: 2 },
      branches: { covered: 0, total: 4 },
    }))
    const coverage = async function* () {
      yield files
    }

    expect(await engine.commitUpload(agent.lease, id, blob(), { coverage })).toBe('stored')

    expect(await engine.jobCoverage(agent.claimed.spec.jobId)).toEqual([
      { report: 'coverage/lcov.info', format: 'lcov', nodeIndex: 0, files },
    ])
    await agent.finish()
  })
})
