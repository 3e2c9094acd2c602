import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine } from '../src/index.ts'
import { openTestDatabase, type TestDatabase } from './helpers/database.ts'
import { agentOf, claim, runAll, runnerNamed, stepEnded, stepStarted } from './helpers/fake-agent.ts'
import { jobId, jobStatuses, newProject, planOf, pushTo, start } from './helpers/plans.ts'

let database: TestDatabase
let engine: Engine

beforeAll(async () => {
  database = await openTestDatabase()
  engine = await database.engine()
})
afterAll(() => database.close())

describe('a pipeline', () => {
  it('goes from a push to success, and its views say so at each stage', async () => {
    const project = await newProject(engine)
    const pipeline = await engine.beginPipeline(pushTo(project))
    expect(pipeline).toMatchObject({ number: 1, project, vcs: { branch: 'main' } })
    expect((await engine.pipeline(pipeline.id)).state).toBe('pending')

    const plan = planOf({ main: { build: {}, test: { requires: ['build'] } } })
    await engine.startPipeline(pipeline.id, { source: 's: 1', compiled: 'c: 1', plan })
    const [summary] = (await engine.pipeline(pipeline.id)).workflows
    const workflow = summary?.id ?? ''
    expect(await jobStatuses(engine, workflow)).toEqual({ build: 'not_running', test: 'blocked' })
    expect((await engine.workflow(workflow)).jobs.map((job) => job.jobNumber)).toEqual([1, null])

    const agent = await claim(engine)
    expect(agent.claimed.spec).toMatchObject({ jobName: 'build', jobNumber: 1, nodeIndex: 0, workspaceId: workflow })
    await agent.startStep()
    const running = await engine.job(agent.claimed.spec.jobId)
    expect(running).toMatchObject({ status: 'running', stoppedAt: null, executor: 'docker', resourceClass: 'medium' })
    expect(running.startedAt).not.toBeNull()
    expect(running.tasks).toMatchObject([{ index: 0, status: 'running', steps: [{ step: 101, status: 'running' }] }])

    const usage = { cpuS: 1.5, memoryMaxBytes: 3_000_000_000, memoryMeanBytes: 2 }
    await agent.say(stepEnded(101, 'success'), { type: 'task.ended', outcome: 'success', usage })
    const [task] = (await engine.job(agent.claimed.spec.jobId)).tasks
    expect([running.tasks[0]?.usage, task?.usage]).toEqual([null, usage])
    const times = [task?.runnableAt, task?.startedAt, task?.endedAt].map((time) => Date.parse(time ?? ''))
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(await jobStatuses(engine, workflow)).toEqual({ build: 'success', test: 'not_running' })
    expect(await runAll(engine)).toEqual(['test'])
    const view = await engine.workflow(workflow)
    expect(view).toMatchObject({ status: 'success', pipeline: { number: 1, state: 'created' } })
    expect(view.stoppedAt).not.toBeNull()
    expect(await engine.pipelineConfig(pipeline.id)).toEqual({ source: 's: 1', compiled: 'c: 1' })
  })

  it('is found by number, as are its jobs, within its project only', async () => {
    const started = await start(engine, planOf({ main: { a: {}, b: {} } }))
    const stranger = await newProject(engine)
    const ids = (await engine.workflow(await started.workflow())).jobs.map((one) => one.id)

    expect((await engine.pipelineByNumber(started.project.id, 1)).id).toBe(started.pipeline.id)
    expect((await engine.jobByNumber(started.project.id, 2)).id).toBe(ids[1])
    for (const missing of [
      () => engine.pipelineByNumber(stranger.id, 1),
      () => engine.jobByNumber(stranger.id, 2),
      () => engine.jobByNumber(started.project.id, 3),
    ]) {
      await expect(missing()).rejects.toMatchObject({ code: 'ORY_NOT_FOUND' })
    }
    await runAll(engine)
  })

  it('may hold a workflow of 5,000 jobs', async () => {
    const jobs = Object.fromEntries(
      Array.from({ length: 4999 }, (_, index) => [`j${index}`, { type: 'no-op' as const }]),
    )
    const started = await start(engine, planOf({ main: { ...jobs, last: { requires: ['j0', 'j4998'] } } }))
    const workflow = await started.workflow()
    expect(await runAll(engine, { last: 'failed' })).toEqual(['last'])

    const rerun = await engine.rerunWorkflow(workflow, { fromFailed: true }, { login: 'bob' })

    expect(await runAll(engine)).toEqual(['last'])
    expect((await engine.workflow(rerun)).jobs).toHaveLength(5000)
  })

  it('keeps its errors when it could not be started, and cannot be started afterwards', async () => {
    const pipeline = await engine.beginPipeline(pushTo(await newProject(engine)))
    const errors = [{ type: 'config' as const, message: 'no jobs', line: 3 }]

    await engine.failPipeline(pipeline.id, errors, 'jobs:')

    expect(await engine.pipeline(pipeline.id)).toMatchObject({ state: 'errored', errors, workflows: [] })
    await expect(
      engine.startPipeline(pipeline.id, { source: '', compiled: '', plan: planOf({}) }),
    ).rejects.toMatchObject({ code: 'ORY_CONFLICT' })
  })

  it('is found again when the server died between begin and start', async () => {
    const project = await newProject(engine)
    const begun = await engine.beginPipeline(pushTo(project, { parameters: { deep: true }, only: { job: 'a' } }))
    const other = await database.engine()

    const found = (await other.pendingPipelines()).find((one) => one.id === begun.id)

    expect(found).toEqual(begun)
    await other.startPipeline(begun.id, { source: '', compiled: '', plan: planOf({ main: { a: {}, b: {} } }) })
    expect((await other.pendingPipelines()).map((one) => one.id)).not.toContain(begun.id)
    expect(await runAll(engine)).toEqual(['a'])
  })

  it('leaves nothing behind when its plan is refused', async () => {
    const pipeline = await engine.beginPipeline(pushTo(await newProject(engine)))
    const plan = planOf({ fine: { a: {} }, bad: { b: { requires: ['later'] }, later: {} } })

    await expect(engine.startPipeline(pipeline.id, { source: '', compiled: '', plan })).rejects.toMatchObject({
      code: 'ORY_BAD_REQUEST',
    })

    expect(await engine.pipeline(pipeline.id)).toMatchObject({ state: 'pending', workflows: [] })
    expect(await engine.claimTask(runnerNamed('r1'), { waitMs: 0 })).toBeNull()
  })

  it('numbers pipelines and jobs per project, without holes or repeats', async () => {
    const project = await newProject(engine)
    const plan = planOf({ main: { a: {}, hold: { type: 'approval' }, b: {} } })

    const pipelines = await Promise.all(Array.from({ length: 5 }, () => start(engine, plan, { project })))

    expect(pipelines.map((one) => one.pipeline.number).sort()).toEqual([1, 2, 3, 4, 5])
    const views = await Promise.all(pipelines.map(async (one) => engine.workflow(await one.workflow())))
    const numbers = views.flatMap((view) => view.jobs.map((job) => job.jobNumber))
    expect(numbers.filter((one) => one === null)).toHaveLength(5)
    const given = numbers.filter((one) => one !== null).sort((a, b) => a - b)
    expect(given).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    await runAll(engine)
  })

  it('is listed newest first, page by page', async () => {
    const project = await newProject(engine)
    for (const branch of ['main', 'dev', 'main']) {
      const vcs = { branch, revision: 'c', subject: '', body: '', author: '' }
      await engine.beginPipeline(pushTo(project, { vcs }))
    }

    const first = await engine.listPipelines({ projectId: project.id, limit: 2 })
    const second = await engine.listPipelines({ projectId: project.id, limit: 2, before: Number(first.next) })

    expect(first.items.map((one) => one.number)).toEqual([3, 2])
    expect(second).toMatchObject({ items: [{ number: 1 }], next: null })
    const ofMain = await engine.listPipelines({ projectId: project.id, branch: 'main', limit: 10 })
    expect(ofMain.items.map((one) => one.number)).toEqual([3, 1])
    const all = await engine.listPipelines({ limit: 2 })
    expect(all.items.map((one) => one.number)).toEqual([3, 2])
    const next = await engine.listPipelines({ limit: 1, before: Number(all.next) })
    expect(next.items.map((one) => one.number)).toEqual([1])
  })
})

describe('jobs', () => {
  it('fails with its worst task, lets siblings run to their end, and skips what needs success', async () => {
    const plan = planOf({
      main: {
        wide: { spec: { parallelism: 3 } },
        after: { requires: ['wide'] },
        rescue: { requires: [{ job: 'wide', statuses: ['failed'] }] },
        last: { requires: ['after'] },
      },
    })
    const started = await start(engine, plan)
    const workflow = await started.workflow()
    const agents = [await claim(engine), await claim(engine), await claim(engine)]
    expect(agents.map((agent) => agent.claimed.spec.nodeIndex)).toEqual([0, 1, 2])

    await agents[0]?.finish('failed')
    expect((await engine.workflow(workflow)).status).toBe('running')
    expect(await jobStatuses(engine, workflow)).toMatchObject({ wide: 'running', after: 'blocked' })
    await agents[1]?.finish('success')
    await agents[2]?.finish('success')

    expect(await jobStatuses(engine, workflow)).toEqual({
      wide: 'failed',
      after: 'not_run',
      rescue: 'not_running',
      last: 'not_run',
    })
    expect((await engine.workflow(workflow)).status).toBe('failing')
    expect(await runAll(engine)).toEqual(['rescue'])
    expect((await engine.workflow(workflow)).status).toBe('failed')
  })

  it('is rejected for an unknown resource class, with a sentence', async () => {
    const started = await start(engine, planOf({ main: { a: { spec: { resourceClass: 'galaxy' } } } }))

    const view = await engine.workflow(await started.workflow())

    expect(view.status).toBe('failed')
    expect(view.jobs[0]).toMatchObject({
      status: 'failed',
      jobNumber: null,
      reason: 'This job was rejected because the resource class galaxy is unavailable',
    })
  })

  it('is rejected where it asks for known addresses: it must not leave through others (136)', async () => {
    const started = await start(engine, planOf({ main: { a: { spec: { ipRanges: true } } } }))

    const view = await engine.workflow(await started.workflow())

    expect(view.jobs[0]).toMatchObject({ status: 'failed', reason: expect.stringContaining('circleci_ip_ranges') })
    expect(await engine.claimTask(runnerNamed('r'), { waitMs: 0 })).toBeNull()
  })

  it('is unauthorized without its context, and starts once the context exists', async () => {
    const plan = planOf({ main: { a: { contexts: ['later'] } } })
    const without = await start(engine, plan)
    await engine.setContextVariable('later', 'TOKEN', 'x')
    const withContext = await start(engine, plan)

    expect((await engine.workflow(await without.workflow())).status).toBe('unauthorized')
    expect(await jobStatuses(engine, await withContext.workflow())).toEqual({ a: 'not_running' })
    await runAll(engine)
  })

  it('claims only what the runner can execute', async () => {
    const machine = { executor: { type: 'machine' as const, image: 'ubuntu-2404:current', dockerLayerCaching: false } }
    const started = await start(engine, planOf({ main: { a: { spec: machine } } }))

    expect(await engine.claimTask(runnerNamed('r1', ['docker']), { waitMs: 0 })).toBeNull()
    const agent = await claim(engine, runnerNamed('r2', ['docker', 'machine']))

    expect(agent.claimed.spec).toMatchObject({ executor: { type: 'machine' }, resourceClass: { name: 'medium' } })
    await agent.finish()
    expect((await engine.workflow(await started.workflow())).status).toBe('success')
  })

  it('ends a task whose document cannot be made, instead of offering it for ever', async () => {
    const started = await start(engine, planOf({ main: { a: {} } }))
    await engine.setProjectVariable(started.project.id, 'TOKEN', 'value')
    const stranger = await database.engine({ secretKey: Buffer.alloc(32, 9) })

    expect(await stranger.claimTask(runnerNamed('r1'), { waitMs: 0 })).toBeNull()

    const [job] = (await engine.workflow(await started.workflow())).jobs
    expect(job).toMatchObject({ status: 'infrastructure_fail' })
    expect(job?.reason).toMatch(/sealed with another key/)
  })

  it('stores names and hints that no database text can hold', async () => {
    await start(engine, planOf({ main: { a: {} } }))
    const agent = await claim(engine)

    await agent.say(stepStarted(101, 'nul \0 half \ud800'), stepEnded(101, 'failed', 'bad \0'))
    await agent.finish('failed')

    const view = await engine.job(agent.claimed.spec.jobId)
    expect(view.tasks[0]?.steps[0]).toMatchObject({ name: 'nul \ufffd half \ufffd', hint: 'bad \ufffd' })
  })
})

describe('unknown ids', () => {
  const none = '00000000-0000-4000-8000-000000000000'

  it.each([none, 'not-a-uuid'])('%s is not found', async (id) => {
    const actor = { login: 'ann' }
    const calls = [
      engine.pipeline(id),
      engine.pipelineConfig(id),
      engine.workflow(id),
      engine.job(id),
      engine.jobTests(id),
      engine.jobArtifacts(id),
      engine.taskOf(id, 0),
      engine.cancelWorkflow(id, actor),
      engine.cancelJob(id, actor),
      engine.approve(id, id, actor),
      engine.rerunWorkflow(id, { fromFailed: false }, actor),
      engine.beginPipeline(pushTo({ id, slug: '', name: '', defaultBranch: '' })),
      engine.failPipeline(id, []),
      engine.setProjectVariable(id, 'A', 'b'),
      engine.taskScope({ taskId: id, epoch: 1 }),
    ]

    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: 'rejected', reason: { code: 'ORY_NOT_FOUND' } })
    }
  })

  it('finds the job of a task by node', async () => {
    const started = await start(engine, planOf({ main: { a: { spec: { parallelism: 2 } } } }))
    const id = await jobId(engine, await started.workflow(), 'a')
    const agents = [await claim(engine), await claim(engine)]
    const second = agents.find((agent) => agent.claimed.spec.nodeIndex === 1)

    expect(await engine.taskOf(id, 1)).toEqual({ taskId: second?.lease.taskId })
    await expect(engine.taskOf(id, 2)).rejects.toMatchObject({ code: 'ORY_NOT_FOUND' })
    for (const agent of agents) await agentOf(engine, agent.claimed).finish()
  })
})
