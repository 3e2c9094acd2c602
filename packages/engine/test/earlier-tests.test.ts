import { randomUUID } from 'node:crypto'
import type { EarlierResult, TaskOutcome, TestResult } from '@orrery/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine, Project } from '../src/index.ts'
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

type Draft = Partial<TestResult> & { file?: string }

function tests(...drafts: Draft[]): TestResult[] {
  return drafts.map((draft, index) => ({
    name: `t${index}`,
    classname: '',
    runTime: 1,
    result: 'success',
    message: 'a long story',
    source: 'junit',
    ...draft,
  }))
}

async function store(agent: FakeAgent, results: TestResult[], name = '101-0-tests'): Promise<void> {
  const upload = await engine.beginUpload(agent.lease, name, 'tests', { kind: 'tests', name })
  const blob = { blobKey: randomUUID(), size: 1, sha256: 'a'.repeat(64) }
  await engine.commitUpload(agent.lease, upload.id, blob, {
    tests: async function* () {
      yield results
    },
  })
}

async function read(agent: FakeAgent): Promise<EarlierResult[]> {
  const results: EarlierResult[] = []
  for await (const result of await engine.earlierResults(agent.lease)) results.push(result)
  return results
}

const files = async (agent: FakeAgent) => (await read(agent)).map((one) => [one.file, one.result])

const job: JobDraft = {}
const wide: JobDraft = { spec: { parallelism: 2 } }

interface RunOptions {
  branch?: string
  outcome?: TaskOutcome
}

/** One pipeline of one node that stores the results. */
async function run(project: Project, results: TestResult[], { branch = 'main', outcome = 'success' }: RunOptions = {}) {
  const vcs = { branch, revision: 'c0ffee', subject: '', body: '', author: 'Ann' }
  const started = await start(engine, planOf({ main: { test: job } }), { project, vcs })
  const agent = await claim(engine)
  await store(agent, results)
  await agent.finish(outcome)
  return started
}

/** What a new run on the branch is told; it ends at once. */
async function toldOn(project: Project, branch: string) {
  const vcs = { branch, revision: 'c0ffee', subject: '', body: '', author: 'Ann' }
  await start(engine, planOf({ main: { test: job } }), { project, vcs })
  const agent = await claim(engine)
  const found = (await read(agent)).map((one) => one.file)
  await agent.finish()
  return found
}

describe('results of earlier runs (259, 260)', () => {
  it('are those of the newest success on the branch, else of the default branch, else any', async () => {
    const project = await newProject(engine)
    expect(await toldOn(project, 'main')).toEqual([])
    await run(project, tests({ file: 'other' }), { branch: 'topic' })
    expect(await toldOn(project, 'main')).toEqual(['other'])
    await run(project, tests({ file: 'of-main' }))
    expect(await toldOn(project, 'fresh')).toEqual(['of-main'])
    expect(await toldOn(project, 'topic')).toEqual(['other'])
    await run(project, tests({ file: 'broken' }), { branch: 'topic', outcome: 'failed' })
    expect(await toldOn(project, 'topic')).toEqual(['other'])
    await run(project, tests({ file: 'newer' }), { branch: 'topic' })
    expect(await toldOn(project, 'topic')).toEqual(['newer'])
  })

  it('stay within the project and the job', async () => {
    const project = await newProject(engine)
    await run(project, tests({ file: 'mine' }))
    expect(await toldOn(await newProject(engine), 'main')).toEqual([])
    await start(engine, planOf({ main: { another: job } }), { project })
    const agent = await claim(engine)
    expect([agent.claimed.spec.tests, await read(agent)]).toEqual([{ earlierResults: false, rerunFailedOf: null }, []])
    await agent.finish()
  })

  it('come from all nodes, without the messages, and are announced in the job spec', async () => {
    const project = await newProject(engine)
    await start(engine, planOf({ main: { test: wide } }), { project })
    for (const file of ['a', 'b']) {
      const agent = await claim(engine)
      await store(agent, tests({ file, classname: 'C', runTime: 2.5 }))
      await agent.finish()
    }
    await start(engine, planOf({ main: { test: wide } }), { project })
    const [first, second] = [await claim(engine), await claim(engine)]

    expect(first.claimed.spec.tests).toEqual({ earlierResults: true, rerunFailedOf: null })
    expect(await read(first)).toEqual(
      ['a', 'b'].map((file) => {
        return { file, classname: 'C', name: 't0', result: 'success', run_time: 2.5, source: 'junit' }
      }),
    )
    expect(await read(second)).toEqual(await read(first))
    await first.finish()
    await second.finish()
  })

  it('are the same for a node that starts later, whatever ended in between (254)', async () => {
    const project = await newProject(engine)
    for (const earlier of [[], tests({ file: 'old' })]) {
      if (earlier.length > 0) await run(project, earlier)
      const slow = planOf({ main: { test: wide } })
      await start(engine, slow, { project })
      const first = await claim(engine)
      const before = await files(first)
      // The second node waits in the queue while another pipeline passes it on a faster runner.
      const late = await claim(engine)
      await engine.releaseTask(late.lease, 'later')
      await database.query(`update tasks set state = 'ended' where id = $1`, [late.lease.taskId])
      await run(project, tests({ file: `new-${earlier.length}` }))
      await database.query(`update tasks set state = 'runnable' where id = $1`, [late.lease.taskId])

      const second = await claim(engine)
      expect([second.claimed.spec.nodeIndex, await files(second)]).toEqual([1, before])
      await first.finish()
      await second.finish()
    }
  })

  it('are told to the holder of the task only', async () => {
    const project = await newProject(engine)
    await run(project, tests({ file: 'a' }))
    await start(engine, planOf({ main: { test: job } }), { project })
    const agent = await claim(engine)
    await agent.finish()
    await expect(engine.earlierResults(agent.lease)).rejects.toMatchObject({ code: 'ORY_TASK_GONE' })
    const unknown = { taskId: randomUUID(), epoch: 1 }
    await expect(engine.earlierResults(unknown)).rejects.toMatchObject({ code: 'ORY_NOT_FOUND' })
  })

  it('pass thousands page by page', async () => {
    const project = await newProject(engine)
    await run(project, tests(...Array.from({ length: 5001 }, (_, index) => ({ name: `n${index}`, file: 'f' }))))
    await start(engine, planOf({ main: { test: job } }), { project })
    const agent = await claim(engine)
    expect(new Set((await read(agent)).map((one) => one.name)).size).toBe(5001)
    await agent.finish()
  })
})

const failing = (workflow: string) => engine.rerunWorkflow(workflow, { fromFailed: true, failedTests: true }, bob)

/** A workflow of two nodes that failed on the second, in file F. */
async function failedOnNodeTwo(
  project: Project,
  plan = planOf({ main: { test: wide, after: { requires: ['test'] } } }),
) {
  const started = await start(engine, plan, { project })
  const agents = [await claim(engine), await claim(engine)]
  await store(agents[0] as FakeAgent, tests({ file: 'A', runTime: 7 }, { file: 'B', runTime: 8 }))
  await store(agents[1] as FakeAgent, tests({ file: 'F', result: 'failure', runTime: 9 }, { file: 'G', runTime: 10 }))
  await agents[0]?.finish()
  await agents[1]?.finish('failed')
  return started
}

describe('a rerun of failed tests', () => {
  it('is a new workflow of the pipeline whose nodes all know what failed on any of them (272, 275)', async () => {
    const project = await newProject(engine)
    const started = await failedOnNodeTwo(project)
    const old = await started.workflow()

    const rerun = await failing(old)

    const [one, two] = [await claim(engine), await claim(engine)]
    const view = await engine.workflow(rerun)
    expect(view.pipeline.id).toBe(started.pipeline.id)
    for (const agent of [one, two]) {
      expect(agent.claimed.spec).toMatchObject({ workflowId: rerun, nodeTotal: 2, checkout: { sha: 'c0ffee' } })
      expect(agent.claimed.spec.tests).toEqual({ earlierResults: true, rerunFailedOf: old })
      expect(await files(agent)).toEqual([
        ['A', 'success'],
        ['B', 'success'],
        ['F', 'failure'],
        ['G', 'success'],
      ])
    }
    await store(one, tests({ file: 'F', runTime: 1 }))
    await one.finish()
    await two.finish()
    expect(await runAll(engine)).toEqual(['after'])
  })

  it('leaves timings merged: the new ones of what ran again, the old ones of the rest (259)', async () => {
    const project = await newProject(engine)
    const rerun = await failing(await (await failedOnNodeTwo(project)).workflow())
    const [one, two] = [await claim(engine), await claim(engine)]
    await store(one, tests({ file: 'F', runTime: 1 }))
    await one.finish()
    await two.finish()
    await runAll(engine)

    await start(engine, planOf({ main: { test: wide } }), { project })
    const [next, other] = [await claim(engine), await claim(engine)]

    const seconds = Object.fromEntries((await read(next)).map((result) => [result.file, result.run_time]))
    expect(seconds).toEqual({ A: 7, B: 8, F: 1, G: 10 })
    expect(next.claimed.spec.tests).toEqual({ earlierResults: true, rerunFailedOf: null })
    await next.finish()
    await other.finish()
    expect((await engine.workflow(rerun)).status).toBe('success')
  })

  it('that fails again knows what still fails, also of a node that broke before it stored results', async () => {
    const project = await newProject(engine)
    const plan = planOf({ main: { test: wide } })
    const started = await start(engine, plan, { project })
    const agents = [await claim(engine), await claim(engine)]
    await store(agents[0] as FakeAgent, tests({ file: 'F', result: 'failure' }))
    await store(agents[1] as FakeAgent, tests({ file: 'G', result: 'error' }))
    for (const agent of agents) await agent.finish('failed')
    const second = await failing(await started.workflow())
    const [one, two] = [await claim(engine), await claim(engine)]
    await store(one, tests({ file: 'F' }))
    await one.finish()
    await two.finish('infrastructure_fail')

    await failing(second)

    const again = await claim(engine)
    expect(again.claimed.spec.tests).toEqual({ earlierResults: true, rerunFailedOf: second })
    expect(await files(again)).toEqual([
      ['F', 'success'],
      ['G', 'error'],
    ])
    await again.finish()
    await (await claim(engine)).finish()
  })

  it('runs jobs without such results as a whole', async () => {
    const started = await start(engine, planOf({ main: { test: job, lint: job } }))
    const agents = [await claim(engine), await claim(engine)]
    await store(agents[0] as FakeAgent, tests({ classname: 'C', result: 'failure' }))
    for (const agent of agents) await agent.finish('failed')
    const old = await started.workflow()

    await failing(old)

    const again = [await claim(engine), await claim(engine)]
    expect(again.map(({ claimed: { spec } }) => [spec.jobName, spec.tests?.rerunFailedOf])).toEqual([
      ['test', old],
      ['lint', null],
    ])
    for (const agent of again) await agent.finish()
  })

  it('runs a job as a whole when a node failed and no test says why', async () => {
    const started = await start(engine, planOf({ main: { test: wide, other: job } }))
    const agents = [await claim(engine), await claim(engine), await claim(engine)]
    await store(agents[0] as FakeAgent, tests({ file: 'F', result: 'failure' }))
    await store(agents[2] as FakeAgent, tests({ file: 'F', result: 'failure' }))
    for (const agent of agents) await agent.finish('failed')

    await failing(await started.workflow())

    const again = [await claim(engine), await claim(engine), await claim(engine)]
    const kinds = again.map(({ claimed: { spec } }) => [spec.jobName, spec.tests?.rerunFailedOf !== null])
    expect(kinds).toEqual([
      ['test', false],
      ['test', false],
      ['other', true],
    ])
    for (const agent of again) await agent.finish()
  })

  it('from failed of such a rerun runs everything', async () => {
    const rerun = await failing(await (await failedOnNodeTwo(await newProject(engine))).workflow())
    for (const _ of [0, 1]) await (await claim(engine)).finish('failed')

    await engine.rerunWorkflow(rerun, { fromFailed: true }, bob)

    const agents = [await claim(engine), await claim(engine)]
    expect(agents.map((agent) => agent.claimed.spec.tests?.rerunFailedOf)).toEqual([null, null])
    for (const agent of agents) await agent.finish()
    await runAll(engine)
  })

  it.each<[string, TestResult[]]>([
    ['no results', []],
    ['no failed test', tests({ file: 'F' })],
    ['neither file nor classname', tests({ result: 'failure' })],
    ['one without either', tests({ result: 'failure', file: 'F' }, { result: 'failure' })],
  ])('is refused with %s (273)', async (_, results) => {
    const started = await start(engine, planOf({ main: { test: job } }))
    const agent = await claim(engine)
    if (results.length > 0) await store(agent, results)
    await agent.finish('failed')
    const old = await started.workflow()

    await expect(failing(old)).rejects.toMatchObject({
      code: 'ORY_NO_FAILED_TESTS',
      message: 'can not rerun failed tests: no failed tests could be found',
    })
    expect((await engine.pipeline(started.pipeline.id)).workflows).toHaveLength(1)
  })

  it('is refused while the workflow runs, and after 15 days', async () => {
    const started = await start(engine, planOf({ main: { test: job } }))
    const agent = await claim(engine)
    await store(agent, tests({ file: 'F', result: 'failure' }))
    const workflow = await started.workflow()
    await expect(failing(workflow)).rejects.toMatchObject({ message: expect.stringContaining('has not ended') })
    await agent.finish('failed')
    database.clock.advance(15 * dayMs)
    await expect(failing(workflow)).rejects.toMatchObject({ message: expect.stringContaining('older than 15 days') })
    database.clock.advance(-1000)
    await failing(workflow)
    expect(await jobId(engine, workflow, 'test')).toBeDefined()
    await runAll(engine)
  })
})
