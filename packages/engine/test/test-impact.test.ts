import { createHash, randomUUID } from 'node:crypto'
import type { TestResult, TestSelection } from '@orrery/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine, Project } from '../src/index.ts'
import { openTestDatabase, type TestDatabase } from './helpers/database.ts'
import { claim, type FakeAgent } from './helpers/fake-agent.ts'
import { newProject, planOf, start } from './helpers/plans.ts'

let database: TestDatabase
let engine: Engine
beforeAll(async () => {
  database = await openTestDatabase()
  engine = await database.engine()
})
afterAll(() => database.close())

const dayMs = 24 * 3600 * 1000
const key = 'unit'

interface Source {
  branch?: string
  fork?: { repository: string; secrets: boolean }
  nodes?: number
}

/** The nodes of a new job. */
async function job(project: Project, { branch = 'main', fork, nodes = 1 }: Source = {}): Promise<FakeAgent[]> {
  const vcs = { branch, revision: 'c0ffee', subject: '', body: '', author: 'Ann' }
  const plan = planOf({ main: { test: { spec: { parallelism: nodes } } } })
  await start(engine, plan, { project, vcs, ...(fork && { fork }) })
  const agents: FakeAgent[] = []
  for (let index = 0; index < nodes; index++) agents.push(await claim(engine))
  return agents
}

async function one(project: Project, source: Source = {}): Promise<FakeAgent> {
  const [agent] = await job(project, source)
  if (agent === undefined) throw new Error('no node')
  return agent
}

const impact = (agent: FakeAgent, of = key) => engine.testImpact(agent.lease, { key: of })
const partsOf = async (agent: FakeAgent, of = key) => (await impact(agent, of)).parts

/** Stores a document; answers its blob. */
async function store(agent: FakeAgent, replaces: string[] = [], of = key): Promise<string> {
  const name = randomUUID()
  const request = { kind: 'impact' as const, name, key: of, replaces }
  const { id } = await engine.beginUpload(agent.lease, name, 'impact', request)
  const blobKey = randomUUID()
  await engine.commitUpload(agent.lease, id, { blobKey, size: 1, sha256: 'a'.repeat(64) }, {})
  return blobKey
}

/** The documents that an agent sees, by their blobs, the oldest word first. */
async function blobsOf(agent: FakeAgent, of = key): Promise<string[]> {
  const parts = await partsOf(agent, of)
  return await Promise.all(parts.map(async (part) => (await engine.impactBlob(agent.lease, part)).blobKey))
}

describe('impact data', () => {
  it('of the nodes of a job is all there, and of one suite only', async () => {
    const project = await newProject(engine)
    const [first, second] = (await job(project, { nodes: 2 })) as [FakeAgent, FakeAgent]
    const blobs = [await store(first), await store(second)]
    await store(first, [], 'other')

    expect(await blobsOf(second)).toEqual(blobs)
    expect(await impact(second)).toMatchObject({ builds: 'default-branch', failed: [] })
    const stranger = await one(await newProject(engine))
    expect(await partsOf(stranger)).toEqual([])
    for (const agent of [first, second, stranger]) await agent.finish()
    await expect(impact(first)).rejects.toMatchObject({ code: 'ORY_TASK_GONE' })
  })

  it('replaces what it holds, and nothing that a newer pipeline has said', async () => {
    const project = await newProject(engine)
    const [old, new_] = [await one(project), await one(project)]
    const [base, newest] = [await store(old), await store(new_)]
    const seen = await partsOf(old)

    const late = await store(old, seen)

    // The word of the newer pipeline comes last, though it came first.
    expect(await blobsOf(new_)).toEqual([late, newest])
    expect(await blobsOf(new_)).not.toContain(base)
    const all = await store(new_, await partsOf(new_))
    expect(await blobsOf(old)).toEqual([all])
    // Whoever was told of a document before it was replaced still reads it, for a while.
    expect((await engine.impactBlob(new_.lease, seen[0] ?? '')).blobKey).toBe(base)
    await engine.removeExpired()
    expect((await engine.impactBlob(new_.lease, seen[0] ?? '')).blobKey).toBe(base)
    for (const agent of [old, new_]) await agent.finish()
    database.clock.advance(61 * 60 * 1000)
    await engine.removeExpired()
    const later = await one(project)
    await expect(engine.impactBlob(later.lease, seen[0] ?? '')).rejects.toMatchObject({ code: 'ORY_NOT_FOUND' })
    expect(await blobsOf(later)).toEqual([all])
    await later.finish()
  })

  it('of forks and branches never reaches the default branch (A9)', async () => {
    const project = await newProject(engine)
    const main = await one(project)
    const own = await store(main)
    const fork = { repository: 'github/eve/app', secrets: false }
    const others = {
      eve: await one(project, { fork }),
      eveTrusted: await one(project, { fork: { ...fork, secrets: true } }),
      topic: await one(project, { branch: 'topic' }),
    }
    const kept = new Map<string, string>()
    for (const [name, agent] of Object.entries(others)) {
      expect((await impact(agent)).builds).toBe('branch')
      const seen = await partsOf(main)
      kept.set(name, await store(agent, seen))
    }

    expect(await blobsOf(main)).toEqual([own])
    // A fork without secrets reads no data of the project, and what forks say stays with the fork.
    expect(await blobsOf(others.eve)).not.toContain(own)
    expect(await blobsOf(others.topic)).toEqual([own, kept.get('topic')])
    const [forged] = await partsOf(others.eve)
    for (const agent of [main, others.topic]) {
      await expect(engine.impactBlob(agent.lease, forged ?? '')).rejects.toMatchObject({ code: 'ORY_NOT_FOUND' })
    }
    await engine.changeProjectSettings(project.id, { forksReadCaches: true }, { login: 'ann' })
    expect(await blobsOf(others.eve)).toContain(own)
    for (const agent of [main, ...Object.values(others)]) await agent.finish()
  })

  it('ends after its time, and its bytes with it', async () => {
    const project = await newProject(engine)
    const agent = await one(project)
    const blob = await store(agent)
    expect(await engine.namedBlobs([blob])).toEqual(new Set([blob]))
    await agent.finish()

    database.clock.advance(16 * dayMs)
    const later = await one(project)
    expect(await partsOf(later)).toEqual([])
    await engine.removeExpired()

    expect(await engine.namedBlobs([blob])).toEqual(new Set())
    await later.finish()
  })
})

describe('tests that failed before (280)', () => {
  const test = (file: string, result: TestResult['result']): TestResult => {
    return { name: 'one', classname: '', file, runTime: 1, result, message: '', source: '' }
  }
  async function ran(project: Project, results: TestResult[], source: Source = {}): Promise<void> {
    const agent = await one(project, source)
    const upload = await engine.beginUpload(agent.lease, 't', 'tests', { kind: 'tests', name: 't' })
    const tests = async function* () {
      yield results
    }
    await engine.commitUpload(
      agent.lease,
      upload.id,
      { blobKey: randomUUID(), size: 1, sha256: 'a'.repeat(64) },
      { tests },
    )
    await agent.finish(results.some(({ result }) => result === 'failure') ? 'failed' : 'success')
  }
  async function failedOn(project: Project, source: Source): Promise<(string | null)[]> {
    const agent = await one(project, source)
    const { failed } = await impact(agent)
    await agent.finish()
    return failed.map(({ file }) => file)
  }

  it('are those of the branch that did not pass since, also where a run left them out', async () => {
    const project = await newProject(engine)
    const topic = { branch: 'topic' }
    await ran(project, [test('m', 'failure')])
    await ran(project, [test('a', 'failure'), test('b', 'failure'), test('c', 'success')], topic)
    await ran(project, [test('b', 'success'), test('c', 'skipped')], topic)
    await ran(project, [test('b', 'failure')], { ...topic, fork: { repository: 'eve/app', secrets: true } })
    expect(await failedOn(project, topic)).toEqual(['a'])
    expect(await failedOn(project, {})).toEqual(['m'])
    expect(await failedOn(project, { branch: 'fresh' })).toEqual([])
    await ran(project, [test('a', 'success')], topic)
    expect(await failedOn(project, topic)).toEqual([])
  })
})

describe('the selection of a job', () => {
  const selection = (selected: string[], skipped: string[] = []): TestSelection => {
    return { selected: selected.map((atom) => ({ atom, reason: 'why' })), skipped, stale: [] }
  }
  const question = (text: string) => createHash('sha1').update(text).digest('hex')
  const agree = (agent: FakeAgent, given: TestSelection, asked = 'q', suite = 's') =>
    engine.agreeOnTests(agent.lease, { suite, question: question(asked), selection: given })

  it('is that of the node that comes first, for the same question', async () => {
    const [first, second] = (await job(await newProject(engine), { nodes: 2 })) as [FakeAgent, FakeAgent]
    const answers = await Promise.all([agree(first, selection(['a'])), agree(second, selection(['b']))])

    expect(answers[0]).toEqual(answers[1])
    expect(await agree(second, selection(['c']))).toEqual(answers[0])
    expect(await agree(second, selection(['c']), 'another')).toEqual(selection(['c']))
    expect(await agree(second, selection(['d']), 'q', 't')).toEqual(selection(['d']))
    const elsewhere = await one(await newProject(engine))
    expect(await agree(elsewhere, selection(['e']))).toEqual(selection(['e']))
    for (const agent of [first, second, elsewhere]) await agent.finish()
    await expect(agree(first, selection([]))).rejects.toMatchObject({ code: 'ORY_TASK_GONE' })
  })

  it('takes any name, and is shown with the tests of the job', async () => {
    const agent = await one(await newProject(engine))
    const odd = 'a\0\ud800'
    await agree(agent, selection(['ran'], [odd, 'left', 'whole']))
    await agree(agent, selection(['whole']), 'another step')

    const shown = await engine.jobTests(agent.claimed.spec.jobId)

    expect(shown.map(({ name, result, message }) => [name, result, message])).toEqual([
      [odd, 'skipped', 'skipped by selection'],
      ['left', 'skipped', 'skipped by selection'],
    ])
    await agent.finish()
  })

  it('leaves the times of skipped tests to the runs before (259)', async () => {
    const project = await newProject(engine)
    const vcs = (branch: string) => ({ vcs: { branch, revision: 'c0ffee', subject: '', body: '', author: 'Ann' } })
    const timesOn = async (branch: string, files: string[], skipped: string[]) => {
      await start(engine, planOf({ main: { test: {} } }), { project, ...vcs(branch) })
      const agent = await claim(engine)
      const known: string[] = []
      for await (const { file } of await engine.earlierResults(agent.lease)) known.push(file ?? '')
      if (skipped.length > 0) await agree(agent, selection(files, skipped))
      const upload = await engine.beginUpload(agent.lease, 't', 'tests', { kind: 'tests', name: 't' })
      const tests = async function* () {
        yield files.map((file): TestResult => {
          return { name: 'one', classname: '', file, runTime: 1, result: 'success', message: '', source: '' }
        })
      }
      const blob = { blobKey: randomUUID(), size: 1, sha256: 'a'.repeat(64) }
      await engine.commitUpload(agent.lease, upload.id, blob, { tests })
      await agent.finish()
      return known.toSorted()
    }

    await timesOn('main', ['a', 'b', 'c'], [])
    expect(await timesOn('topic', ['a'], ['b', 'c'])).toEqual(['a', 'b', 'c'])
    expect(await timesOn('topic', ['b'], ['a', 'c'])).toEqual(['a', 'b', 'c'])
    for (let push = 0; push < 12; push++) await timesOn('topic', ['b'], ['a', 'c'])
    expect(await timesOn('topic', ['a', 'b'], ['c'])).toEqual(['a', 'b', 'c'])
    const [row] = await database.query('select max(cardinality(tests_from)) as most from jobs where project_id = $1', [
      project.id,
    ])
    expect(row).toEqual({ most: 10 })
  })
})
