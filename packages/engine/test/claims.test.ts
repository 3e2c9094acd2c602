import type { TaskEvent } from '@orrery/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine } from '../src/index.ts'
import { openTestDatabase, type TestDatabase } from './helpers/database.ts'
import { agentOf, claim, receipt, runAll, runnerNamed, stepEnded, stepStarted } from './helpers/fake-agent.ts'
import { jobStatuses, planOf, start } from './helpers/plans.ts'

let database: TestDatabase
let engine: Engine

beforeAll(async () => {
  database = await openTestDatabase()
  engine = await database.engine()
})
afterAll(() => database.close())

const one = planOf({ main: { a: {} } })

describe('claimTask', () => {
  it('gives each task to exactly one of fifty claimers', async () => {
    const tasks = 120
    const second = await database.engine()
    await start(engine, planOf({ main: { wide: { spec: { parallelism: tasks } } } }))

    const claimers = Array.from({ length: 50 }, async (_, index) => {
      const door = index % 2 === 0 ? engine : second
      const got: string[] = []
      for (;;) {
        const claimed = await door.claimTask(runnerNamed(`r${index}`), { waitMs: 0 })
        if (!claimed) return got
        got.push(claimed.spec.taskId)
        await agentOf(door, claimed).say({ type: 'task.ended', outcome: 'success' })
      }
    })
    const claimed = (await Promise.all(claimers)).flat()

    expect(claimed).toHaveLength(tasks)
    expect(new Set(claimed).size).toBe(tasks)
  })

  it('is woken by work that comes while it waits, within milliseconds', async () => {
    const waits: number[] = []
    for (let round = 0; round < 15; round++) {
      const runner = runnerNamed('r1')
      const waiting = engine.claimTask(runner, { waitMs: 10_000 })
      await listening(runner.id)
      const { pipeline } = await start(engine, one)
      const claimed = await waiting
      const [row] = await database.query(
        `select extract(epoch from claimed.at - created.at) * 1000 as ms
         from events claimed join events created on created.job_id = claimed.job_id and created.kind = 'job.changed'
         where claimed.kind = 'task.claimed' and claimed.pipeline_id = $1`,
        [pipeline.id],
      )
      waits.push(Number(row?.['ms']))
      if (claimed) await agentOf(engine, claimed).finish()
    }

    const median = waits.sort((a, b) => a - b)[7] ?? Number.POSITIVE_INFINITY
    expect(median).toBeLessThan(100)
  })

  it('ends its wait at the signal, and claims nothing afterwards', async () => {
    const stop = new AbortController()
    const waiting = engine.claimTask(runnerNamed('r1'), { waitMs: 60_000, signal: stop.signal })

    stop.abort()

    expect(await waiting).toBeNull()
    await start(engine, one)
    expect(await runAll(engine)).toEqual(['a'])
  })

  it('takes the oldest first, and a released one keeps its place', async () => {
    await start(engine, planOf({ main: { first: {}, second: {} } }))
    await start(engine, planOf({ main: { third: {} } }))
    const agent = await claim(engine)
    await engine.releaseTask(agent.lease, 'not now')

    expect(await runAll(engine)).toEqual(['first', 'second', 'third'])
  })
})

/** Resolves when the claimer has made itself known; its first look at the table comes right after. */
async function listening(runnerId: string): Promise<void> {
  for (;;) {
    const rows = await database.query('select 1 from runners where id = $1', [runnerId])
    if (rows.length > 0) break
  }
  await engine.listProjects()
}

describe('a lease', () => {
  it('gives out node 0 of a job that deploys after the others, so that one slot is enough (185)', async () => {
    const run = { kind: 'run' as const, name: 'D', command: 'true', environment: {}, background: false, origin: [] }
    const steps = [{ ...run, deploy: true }]
    await start(engine, planOf({ main: { wide: { spec: { parallelism: 3, steps } }, next: {} } }))

    const agents = [await claim(engine), await claim(engine), await claim(engine), await claim(engine)]

    const nodes = agents.map(({ claimed: { spec } }) => `${spec.jobName} ${spec.nodeIndex}`)
    expect(nodes).toEqual(['wide 1', 'wide 2', 'wide 0', 'next 0'])
    for (const agent of agents) await agent.finish()
  })

  it('shuts out the former holder after a release', async () => {
    await start(engine, one)
    const first = await claim(engine)
    await engine.releaseTask(first.lease, 'image pull failed')
    const second = await claim(engine)

    expect(second.lease).toEqual({ taskId: first.lease.taskId, epoch: first.lease.epoch + 1 })
    const calls = await Promise.allSettled([
      first.startStep(),
      engine.renewLease(first.lease, { waitMs: 0 }),
      engine.taskScope(first.lease),
      engine.taskSpec(first.lease),
      engine.releaseTask(first.lease, 'again'),
      engine.beginUpload(first.lease, 'x', 'tests', { kind: 'tests', name: 'x' }),
      engine.lookupCache(first.lease, ['x']),
      engine.workspace(first.lease),
    ])
    for (const call of calls) expect(call).toMatchObject({ status: 'rejected', reason: { code: 'ORY_TASK_GONE' } })
    await second.finish()
  })

  it('gives the document again until the agent spoke, then no more', async () => {
    await start(engine, one)
    const agent = await claim(engine)

    expect(await engine.taskSpec(agent.lease)).toEqual(agent.claimed.spec)

    await agent.startStep()
    await expect(engine.taskSpec(agent.lease)).rejects.toMatchObject({ code: 'ORY_TASK_GONE' })
    await expect(engine.releaseTask(agent.lease, 'x')).rejects.toMatchObject({ code: 'ORY_CONFLICT' })
    await agent.finish()
  })

  it('forgets what a runner reported about an attempt that it gave back', async () => {
    const started = await start(engine, one)
    const workflow = await started.workflow()
    const agent = await claim(engine)
    const runner = agentOf(engine, agent.claimed, 'runner')
    await runner.say(stepStarted(0, 'Spin up environment'))
    expect(await jobStatuses(engine, workflow)).toEqual({ a: 'running' })

    await engine.releaseTask(agent.lease, 'pull failed')

    expect(await jobStatuses(engine, workflow)).toEqual({ a: 'not_running' })
    const again = await claim(engine)
    await agentOf(engine, again.claimed, 'runner').say(stepStarted(0), stepEnded(0, 'success'))
    const view = await engine.job(again.claimed.spec.jobId)
    expect(view.tasks[0]?.steps).toMatchObject([{ step: 0, name: 'Step 0', status: 'success' }])
    await again.finish()
  })

  it('is listed for a runner that came back', async () => {
    await start(engine, planOf({ main: { a: { spec: { parallelism: 2 } } } }))
    const runner = runnerNamed('r9')
    const [first, second] = [await claim(engine, runner), await claim(engine, runner)]
    await second.startStep()

    const held = await engine.heldTasks(runner.id)

    expect(held).toHaveLength(2)
    expect(held).toContainEqual({ ...first.lease, started: false, maskValues: [] })
    expect(held).toContainEqual({ ...second.lease, started: true, maskValues: [] })
    await first.finish()
    await second.finish()
    expect(await engine.heldTasks(runner.id)).toEqual([])
  })

  it('that runs out fails the task as lost, closes its steps, and shuts the holder out', async () => {
    const started = await start(engine, planOf({ main: { a: {}, b: { requires: ['a'] } } }))
    const agent = await claim(engine)
    await agent.startStep()
    expect(await engine.expireLeases(database.clock.now())).toBe(0)

    database.clock.advance(31_000)
    const [first, second] = await Promise.all([
      engine.expireLeases(database.clock.now()),
      engine.expireLeases(database.clock.now()),
    ])

    expect(first + second).toBe(1)
    const view = await engine.job(agent.claimed.spec.jobId)
    expect(view).toMatchObject({ status: 'infrastructure_fail', reason: expect.stringContaining('runner was lost') })
    expect(view.tasks[0]?.steps[0]).toMatchObject({ status: 'infrastructure_fail' })
    expect((await engine.workflow(await started.workflow())).status).toBe('failed')
    await expect(agent.finish()).rejects.toMatchObject({ code: 'ORY_TASK_GONE' })
  })

  it('lives on by renewal, and gets a full term after a start of the server', async () => {
    await start(engine, one)
    const agent = await claim(engine)
    database.clock.advance(20_000)
    expect(await engine.renewLease(agent.lease, { waitMs: 0 })).toBe('continue')
    database.clock.advance(20_000)
    expect(await engine.expireLeases(database.clock.now())).toBe(0)

    database.clock.advance(60_000)
    await engine.giveFullLeases(database.clock.now())

    expect(await engine.expireLeases(database.clock.now())).toBe(0)
    await agent.finish()
  })

  it('tells a scope, also to the last words shortly after the end', async () => {
    const started = await start(engine, one)
    const agent = await claim(engine)
    const runner = agentOf(engine, agent.claimed, 'runner')
    await runner.say(stepStarted(2, 'Container redis'))
    await agent.finish()
    const workflowId = await started.workflow()

    expect(await engine.taskScope(agent.lease)).toEqual({
      taskId: agent.lease.taskId,
      jobId: agent.claimed.spec.jobId,
      projectId: started.project.id,
      projectSlug: started.project.slug,
      workspaceId: workflowId,
      workflowId,
      nodeIndex: 0,
      revision: 'c0ffee',
    })
    await runner.say(stepEnded(2, 'canceled'), { type: 'task.ended', outcome: 'infrastructure_fail' })
    const view = await engine.job(agent.claimed.spec.jobId)
    expect(view.status).toBe('success')
    expect(view.tasks[0]?.steps[0]).toMatchObject({ name: 'Container redis', status: 'canceled' })

    database.clock.advance(11 * 60_000)
    await expect(engine.taskScope(agent.lease)).rejects.toMatchObject({ code: 'ORY_TASK_GONE' })
  })

  it('closes steps that nobody closed after the end', async () => {
    await start(engine, one)
    const agent = await claim(engine)
    await agentOf(engine, agent.claimed, 'runner').say(stepStarted(2, 'Container redis'))
    await agent.finish()

    await engine.expireLeases(database.clock.now())
    const before = await engine.job(agent.claimed.spec.jobId)
    database.clock.advance(11 * 60_000)
    await engine.expireLeases(database.clock.now())

    const after = await engine.job(agent.claimed.spec.jobId)
    expect(before.tasks[0]?.steps[0]?.status).toBe('running')
    expect(after.tasks[0]?.steps[0]?.status).toBe('canceled')
  })
})

describe('recordEvents', () => {
  it('stores each event once, whatever is repeated, and refuses a gap with the last stored number', async () => {
    await start(engine, one)
    const agent = await claim(engine)
    const at = new Date().toISOString()
    const events = Array.from({ length: 30 }, (_, index) => ({ ...stepStarted(100 + index), seq: index + 1, at }))
    const send = (from: number, to: number) =>
      engine.recordEvents(agent.lease, { source: 'agent', events: events.slice(from, to) }, async () => undefined)

    let acked = 0
    const random = seeded(42)
    for (let call = 0; call < 60; call++) {
      const from = Math.floor(random() * 30)
      const to = from + 1 + Math.floor(random() * 6)
      const sent = await Promise.allSettled([send(from, to), send(from, to)])
      const reaches = Math.min(to, 30)
      if (from > acked) {
        for (const one of sent) {
          expect(one).toMatchObject({ status: 'rejected', reason: { code: 'ORY_SEQUENCE' } })
          expect((one as PromiseRejectedResult).reason.message).toContain(`before ${acked} `)
        }
      } else {
        acked = Math.max(acked, reaches)
        for (const one of sent) expect(one).toEqual({ status: 'fulfilled', value: acked })
      }
    }
    await send(0, 30)

    const stored = await database.query(
      `select data->>'step' as step from events where kind = 'step.started' and task_id = $1 order by id`,
      [agent.lease.taskId],
    )
    expect(stored.map((row) => Number(row['step']))).toEqual(events.map((_, index) => 100 + index))
    await engine.recordEvents(
      agent.lease,
      { source: 'agent', events: [{ type: 'task.ended', outcome: 'success', seq: 31, at }] },
      async () => undefined,
    )
  })

  it('counts runner and agent apart', async () => {
    await start(engine, one)
    const agent = await claim(engine)
    const runner = agentOf(engine, agent.claimed, 'runner')

    expect(await runner.say(stepStarted(0), stepEnded(0, 'success'))).toBe(2)
    expect(await agent.say(stepStarted(101))).toBe(1)
    expect(await runner.say(stepStarted(2))).toBe(3)
    await agent.finish()
  })

  it('acknowledges a repeated last batch, and refuses news, after the end', async () => {
    await start(engine, one)
    const agent = await claim(engine)
    const at = new Date().toISOString()
    const batch = {
      source: 'agent' as const,
      events: [
        { ...stepStarted(101), seq: 1, at },
        { ...stepEnded(101, 'success'), seq: 2, at },
        { type: 'task.ended' as const, outcome: 'success' as const, seq: 3, at },
      ],
    }
    const send = () => engine.recordEvents(agent.lease, batch, async () => undefined)
    await send()

    expect(await send()).toBe(3)
    const news = { source: 'agent' as const, events: [{ ...stepStarted(102), seq: 4, at }] }
    await expect(engine.recordEvents(agent.lease, news, async () => undefined)).rejects.toMatchObject({
      code: 'ORY_TASK_GONE',
    })
  })

  it('stores nothing of a batch whose log does not match its receipt', async () => {
    await start(engine, one)
    const agent = await claim(engine)
    const at = new Date().toISOString()
    const events = [
      { ...stepStarted(101), seq: 1, at },
      { ...stepEnded(101, 'success'), seq: 2, at },
    ]
    const asked: unknown[] = []

    const refused = engine.recordEvents(agent.lease, { source: 'agent', events }, async (...args) => {
      asked.push(args)
      throw new Error('no match')
    })

    await expect(refused).rejects.toThrow('no match')
    expect(asked).toEqual([[101, 0, receipt]])
    expect((await engine.job(agent.claimed.spec.jobId)).tasks[0]?.steps).toEqual([])
    await agent.finish()
  })

  it('stores many steps at once, their beginnings and ends in any order, and refuses an end without beginning', async () => {
    await start(engine, one)
    const agent = await claim(engine)
    const at = new Date().toISOString()
    const numbered = (events: object[], from: number) =>
      events.map((event, index) => ({ ...event, seq: from + index, at }) as TaskEvent)
    const send = (events: object[], from: number) =>
      engine.recordEvents(agent.lease, { source: 'agent', events: numbered(events, from) }, async () => undefined)

    await send(
      [stepStarted(101), stepEnded(101, 'success'), stepStarted(102), stepStarted(103), stepEnded(103, 'failed')],
      1,
    )
    const unknown = send([stepStarted(104), stepEnded(104, 'success'), stepEnded(105, 'success')], 6)

    await expect(unknown).rejects.toMatchObject({
      code: 'ORY_BAD_REQUEST',
      message: expect.stringContaining('step 105'),
    })
    const steps = (await engine.job(agent.claimed.spec.jobId)).tasks[0]?.steps
    expect(steps?.map(({ step, status, endedAt }) => [step, status, endedAt === null])).toEqual([
      [101, 'success', false],
      [102, 'running', true],
      [103, 'failed', false],
    ])
    const told = await database.query(
      `select kind, data->>'step' as step from events where kind like 'step.%' and task_id = $1 order by id`,
      [agent.lease.taskId],
    )
    expect(told.map((row) => `${row['kind']} ${row['step']}`)).toEqual([
      'step.started 101',
      'step.ended 101',
      'step.started 102',
      'step.started 103',
      'step.ended 103',
    ])
  })

  it('lets the runner end a task that the agent has not ended', async () => {
    const started = await start(engine, one)
    const agent = await claim(engine)
    const reason = 'the container died'

    await agentOf(engine, agent.claimed, 'runner').say({ type: 'task.ended', outcome: 'infrastructure_fail', reason })

    const [job] = (await engine.workflow(await started.workflow())).jobs
    expect(job).toMatchObject({ status: 'infrastructure_fail', reason })
    await expect(agent.startStep()).rejects.toMatchObject({ code: 'ORY_TASK_GONE' })
  })
})

/** Numbers in [0, 1), the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
