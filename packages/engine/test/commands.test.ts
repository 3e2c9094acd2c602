import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine } from '../src/index.ts'
import { openTestDatabase, type TestDatabase } from './helpers/database.ts'
import { claim, runAll } from './helpers/fake-agent.ts'
import { jobId, jobStatuses, planOf, start } from './helpers/plans.ts'

let database: TestDatabase
let engine: Engine
const bob = { login: 'bob' }

beforeAll(async () => {
  database = await openTestDatabase()
  engine = await database.engine()
})
afterAll(() => database.close())

describe('approve', () => {
  const plan = planOf({ main: { a: {}, hold: { type: 'approval', requires: ['a'] }, deploy: { requires: ['hold'] } } })

  it('holds the workflow, then lets the dependants run', async () => {
    const workflow = await (await start(engine, plan)).workflow()
    const request = await jobId(engine, workflow, 'hold')
    await expect(engine.approve(workflow, request, bob)).rejects.toMatchObject({ code: 'ORY_CONFLICT' })
    await runAll(engine)
    expect((await engine.workflow(workflow)).status).toBe('on_hold')
    expect((await engine.job(request)).approvalRequestId).toBe(request)

    await engine.approve(workflow, request, bob)

    expect(await jobStatuses(engine, workflow)).toEqual({ a: 'success', hold: 'success', deploy: 'not_running' })
    expect((await engine.workflow(workflow)).status).toBe('running')
    await expect(engine.approve(workflow, request, bob)).rejects.toMatchObject({ code: 'ORY_CONFLICT' })
    await runAll(engine)
    expect((await engine.workflow(workflow)).status).toBe('success')
  })

  it('is given once when two people press at the same time', async () => {
    const workflow = await (await start(engine, planOf({ main: { hold: { type: 'approval' } } }))).workflow()
    const request = await jobId(engine, workflow, 'hold')

    const both = await Promise.allSettled([
      engine.approve(workflow, request, bob),
      engine.approve(workflow, request, bob),
    ])

    expect(both.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  it('is not found for another workflow or for a build job', async () => {
    const [first, second] = [await start(engine, plan), await start(engine, plan)]
    const request = await jobId(engine, await first.workflow(), 'hold')
    const build = await jobId(engine, await first.workflow(), 'a')

    await expect(engine.approve(await second.workflow(), request, bob)).rejects.toMatchObject({ code: 'ORY_NOT_FOUND' })
    await expect(engine.approve(await first.workflow(), build, bob)).rejects.toMatchObject({ code: 'ORY_NOT_FOUND' })
    await runAll(engine)
  })
})

describe('cancelWorkflow', () => {
  it('ends what waits at once and what runs when it stopped; nothing new starts', async () => {
    const plan = planOf({
      main: {
        runs: {},
        waits: {},
        hold: { type: 'approval' },
        after: { requires: ['runs'] },
        cleanup: { requires: [{ job: 'runs', statuses: ['canceled'] }] },
      },
    })
    const workflow = await (await start(engine, plan)).workflow()
    const agent = await claim(engine)
    await agent.startStep()
    const running = agent.claimed.spec.jobName

    await engine.cancelWorkflow(workflow, bob)

    const statuses = await jobStatuses(engine, workflow)
    expect(statuses[running]).toBe('running')
    delete statuses[running]
    expect(new Set(Object.values(statuses))).toEqual(new Set(['canceled']))
    expect((await engine.workflow(workflow)).status).toBe('running')
    expect(await runAll(engine)).toEqual([])

    await agent.say({ type: 'task.ended', outcome: 'canceled' })
    expect((await engine.workflow(workflow)).status).toBe('canceled')
    expect(await runAll(engine)).toEqual([])
    await engine.cancelWorkflow(workflow, bob)
  })

  it('reaches an agent that is waiting in a renewal, at once', async () => {
    const workflow = await (await start(engine, planOf({ main: { a: {} } }))).workflow()
    const agent = await claim(engine)
    const renewal = engine.renewLease(agent.lease, { waitMs: 60_000 })
    const before = performance.now()

    await engine.cancelWorkflow(workflow, bob)

    expect(await renewal).toBe('cancel')
    expect(performance.now() - before).toBeLessThan(1500)
    expect(await engine.renewLease(agent.lease, { waitMs: 60_000 })).toBe('cancel')
    await agent.say({ type: 'task.ended', outcome: 'canceled' })
  })

  it('also ends a job whose runner never answers, when its lease ran out', async () => {
    const workflow = await (await start(engine, planOf({ main: { a: {} } }))).workflow()
    await claim(engine)
    await engine.cancelWorkflow(workflow, bob)

    database.clock.advance(31_000)
    await engine.expireLeases(database.clock.now())

    expect(await jobStatuses(engine, workflow)).toEqual({ a: 'canceled' })
    expect((await engine.workflow(workflow)).status).toBe('canceled')
  })

  it('ends a canceled task that the runner gives back', async () => {
    const workflow = await (await start(engine, planOf({ main: { a: {} } }))).workflow()
    const agent = await claim(engine)
    await engine.cancelWorkflow(workflow, bob)

    await engine.releaseTask(agent.lease, 'shutting down')

    expect(await jobStatuses(engine, workflow)).toEqual({ a: 'canceled' })
    expect(await runAll(engine)).toEqual([])
  })

  it('is a conflict once the workflow ended otherwise', async () => {
    const workflow = await (await start(engine, planOf({ main: { a: {} } }))).workflow()
    await runAll(engine)

    await expect(engine.cancelWorkflow(workflow, bob)).rejects.toMatchObject({ code: 'ORY_CONFLICT' })
  })
})

describe('cancelJob', () => {
  it('cancels one job; dependants follow what they require', async () => {
    const plan = planOf({
      main: {
        a: {},
        other: {},
        after: { requires: ['a'] },
        cleanup: { requires: [{ job: 'a', statuses: ['canceled'] }] },
      },
    })
    const workflow = await (await start(engine, plan)).workflow()

    await engine.cancelJob(await jobId(engine, workflow, 'a'), bob)

    expect(await jobStatuses(engine, workflow)).toEqual({
      a: 'canceled',
      other: 'not_running',
      after: 'not_run',
      cleanup: 'not_running',
    })
    expect((await runAll(engine)).sort()).toEqual(['cleanup', 'other'])
    expect((await engine.workflow(workflow)).status).toBe('canceled')
  })

  it('takes an approval back, and refuses a job that ended', async () => {
    const plan = planOf({ main: { hold: { type: 'approval' }, deploy: { requires: ['hold'] }, a: {} } })
    const workflow = await (await start(engine, plan)).workflow()
    await runAll(engine)

    await engine.cancelJob(await jobId(engine, workflow, 'hold'), bob)

    expect(await jobStatuses(engine, workflow)).toEqual({ hold: 'canceled', deploy: 'not_run', a: 'success' })
    const ended = await jobId(engine, workflow, 'a')
    await expect(engine.cancelJob(ended, bob)).rejects.toMatchObject({ code: 'ORY_CONFLICT' })
  })
})

describe('rerunWorkflow', () => {
  const plan = planOf({
    main: { build: {}, test: { requires: ['build'] }, lint: {}, deploy: { requires: ['test', 'lint'] } },
  })

  it('from failed takes over what succeeded and runs the rest', async () => {
    const started = await start(engine, plan)
    const old = await started.workflow()
    await runAll(engine, { test: 'failed' })
    expect(await jobStatuses(engine, old)).toEqual({
      build: 'success',
      lint: 'success',
      test: 'failed',
      deploy: 'not_run',
    })

    const rerun = await engine.rerunWorkflow(old, { fromFailed: true }, bob)

    expect(await jobStatuses(engine, rerun)).toEqual({
      build: 'success',
      lint: 'success',
      test: 'not_running',
      deploy: 'blocked',
    })
    const agent = await claim(engine)
    expect(agent.claimed.spec).toMatchObject({ jobName: 'test', workflowId: rerun, workspaceId: old })
    await agent.finish()
    expect(await runAll(engine)).toEqual(['deploy'])
    expect((await engine.workflow(rerun)).status).toBe('success')
    expect((await engine.workflow(old)).status).toBe('failed')
    expect((await engine.pipeline(started.pipeline.id)).workflows).toHaveLength(2)
  })

  it('shows a taken over job with the number, steps and logs of the one that ran, over many reruns', async () => {
    const old = await (await start(engine, plan)).workflow()
    await runAll(engine, { test: 'failed' })
    const second = await engine.rerunWorkflow(old, { fromFailed: true }, bob)
    await runAll(engine, { test: 'failed' })
    const third = await engine.rerunWorkflow(second, { fromFailed: true }, bob)
    await runAll(engine)

    const [ran, shown] = await Promise.all([
      engine.job(await jobId(engine, old, 'build')),
      engine.job(await jobId(engine, third, 'build')),
    ])

    expect(shown.id).not.toBe(ran.id)
    expect(shown.jobNumber).toBe(ran.jobNumber)
    expect(shown.tasks).toEqual(ran.tasks)
    expect(shown.tasks[0]?.steps).toHaveLength(1)
    expect(await engine.taskOf(shown.id, 0)).toEqual(await engine.taskOf(ran.id, 0))
    const { jobs } = await engine.workflow(third)
    const ids = new Set(jobs.map((job) => job.id))
    expect(jobs.flatMap((job) => job.requires).every((id) => ids.has(id))).toBe(true)
  })

  it('from the start runs everything, approvals too', async () => {
    const old = await (await start(engine, planOf({ main: { a: {}, hold: { type: 'approval' } } }))).workflow()
    await engine.approve(old, await jobId(engine, old, 'hold'), bob)
    await runAll(engine)

    const rerun = await engine.rerunWorkflow(old, { fromFailed: false }, bob)

    expect(await jobStatuses(engine, rerun)).toEqual({ a: 'not_running', hold: 'on_hold' })
    expect(await runAll(engine)).toEqual(['a'])
  })

  it('reads variables again', async () => {
    const started = await start(engine, planOf({ main: { a: {} } }))
    await engine.setProjectVariable(started.project.id, 'TOKEN', 'old')
    const old = await started.workflow()
    await runAll(engine, { a: 'failed' })
    await engine.setProjectVariable(started.project.id, 'TOKEN', 'new')

    await engine.rerunWorkflow(old, { fromFailed: true }, bob)

    const agent = await claim(engine)
    expect(agent.claimed.spec.environment[0]).toEqual({ source: 'project', vars: { TOKEN: 'new' } })
    await agent.finish()
  })

  it('happens by itself after a failure, as often as configured', async () => {
    const started = await start(engine, planOf({ main: { good: {}, flaky: {} } }, 2))

    const ran = await runAll(engine, { flaky: 'failed' })

    expect(ran.filter((name) => name === 'good')).toHaveLength(1)
    expect(ran.filter((name) => name === 'flaky')).toHaveLength(3)
    const { workflows } = await engine.pipeline(started.pipeline.id)
    expect(workflows.map((one) => one.status)).toEqual(['failed', 'failed', 'failed'])
  })

  it('is refused after 100 reruns of the workflow, reruns of reruns included', async () => {
    const { pipeline, workflow } = await start(engine, planOf({ main: { a: {} }, other: { b: {} } }))
    let id = await workflow()
    for (let number = 1; number <= 100; number++) {
      const next = await engine.rerunWorkflow(id, { fromFailed: false }, bob)
      if (number % 2 === 0) id = next
    }

    await expect(engine.rerunWorkflow(id, { fromFailed: false }, bob)).rejects.toThrow(/at most 100 times/)

    const other = (await engine.pipeline(pipeline.id)).workflows.find(({ name }) => name === 'other')
    expect(await engine.rerunWorkflow(other?.id ?? '', { fromFailed: false }, bob)).toBeTruthy()
    for (const { id: one, status } of (await engine.pipeline(pipeline.id)).workflows) {
      if (status === 'running') await engine.cancelWorkflow(one, bob)
    }
  })

  it('is refused once the pipeline is 90 days old, the automatic one too', async () => {
    const started = await start(engine, planOf({ main: { a: {} } }, 2))
    const id = await started.workflow()
    database.clock.advance(90 * 24 * 3600 * 1000)

    await runAll(engine, { a: 'failed' })

    expect((await engine.pipeline(started.pipeline.id)).workflows.map(({ status }) => status)).toEqual(['failed'])
    for (const fromFailed of [true, false]) {
      await expect(engine.rerunWorkflow(id, { fromFailed }, bob)).rejects.toThrow(/90 days/)
    }
  })

  it('is refused while the workflow moves and when nothing failed', async () => {
    const workflow = await (await start(engine, planOf({ main: { a: {} } }))).workflow()
    const fromFailed = () => engine.rerunWorkflow(workflow, { fromFailed: true }, bob)

    await expect(fromFailed()).rejects.toMatchObject({ code: 'ORY_CONFLICT' })
    await runAll(engine)
    await expect(fromFailed()).rejects.toMatchObject({ code: 'ORY_CONFLICT' })
  })
})
