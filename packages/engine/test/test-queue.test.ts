import type { TestBatchRequest } from '@orrery/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine } from '../src/index.ts'
import { openTestDatabase, type TestDatabase } from './helpers/database.ts'
import { claim, type FakeAgent } from './helpers/fake-agent.ts'
import { planOf, start } from './helpers/plans.ts'

let database: TestDatabase
let engine: Engine

beforeAll(async () => {
  database = await openTestDatabase()
  engine = await database.engine()
})
afterAll(() => database.close())

const names = (count: number) => Array.from({ length: count }, (_, index) => `t${String(index).padStart(3, '0')}`)
const timed = (count: number): TestBatchRequest['tests'] =>
  names(count).map((name, index) => ({ name, seconds: 1 + (index % 7) }))

async function nodes(parallelism: number): Promise<FakeAgent[]> {
  await start(engine, planOf({ main: { test: { spec: { parallelism } } } }))
  const agents: FakeAgent[] = []
  for (let index = 0; index < parallelism; index++) agents.push(await claim(engine))
  return agents
}

const take = async (agent: FakeAgent | undefined, done: number, tests = timed(60), suite = 's') => {
  if (agent === undefined) throw new Error('no such node')
  return (await engine.takeTests(agent.lease, { suite, tests, done })).tests
}

describe('the queue of tests that the nodes of a job share (285)', () => {
  it('gives every test exactly once, however late a node comes, and the late one less', async () => {
    const [first, second, late] = await nodes(3)
    const taken = new Map([first, second, late].map((agent) => [agent, [] as string[][]]))
    const next = async (agent: FakeAgent | undefined) => {
      const batches = taken.get(agent) ?? []
      const batch = await take(agent, batches.length)
      if (batch.length > 0) batches.push(batch)
      return batch.length > 0
    }
    for (let turn = 0; turn < 4; turn++) for (const agent of [first, second]) await next(agent)
    for (let more = true; more; ) more = [await next(first), await next(second), await next(late)].some(Boolean)

    const all = [...taken.values()].flat(2)
    expect(all.toSorted()).toEqual(names(60))
    const load = (agent: FakeAgent | undefined) => taken.get(agent)?.flat().length ?? 0
    expect(load(late)).toBeGreaterThan(0)
    expect(load(late)).toBeLessThan(load(second))
    const sizes = (taken.get(first) ?? []).map((batch) => batch.length)
    expect(sizes.at(-1)).toBeLessThan(sizes[0] ?? 0)
    for (const agent of [first, second, late]) await agent?.finish()
  })

  it('gives the longest first, and nothing to a node that comes when all is taken', async () => {
    const [one, two] = await nodes(2)
    expect(
      await take(one, 0, [
        { name: 'short', seconds: 1 },
        { name: 'long', seconds: 9 },
      ]),
    ).toEqual(['long'])
    expect(await take(one, 1, [])).toEqual(['short'])
    expect(await take(one, 2, [])).toEqual([])
    // What it discovered itself is no second queue.
    expect(await take(two, 0)).toEqual([])
    await one?.finish()
    await two?.finish()
  })

  it('gives the same again when the answer was lost', async () => {
    const [one] = await nodes(1)
    const batch = await take(one, 0, timed(5))
    expect(await take(one, 0, [])).toEqual(batch)
    expect(await take(one, 1, [])).toEqual([])
    await one?.finish()
  })

  it('takes back what a node had not finished when it ended', async () => {
    const [one, two] = await nodes(2)
    const finished = await take(one, 0, timed(20))
    const lost = await take(one, 1, [])
    await one?.finish('infrastructure_fail')

    const rest: string[] = []
    for (let done = 0; ; done++) {
      const batch = await take(two, done, [])
      if (batch.length === 0) break
      rest.push(...batch)
    }

    expect(rest).toEqual(expect.arrayContaining(lost))
    expect([...finished, ...rest].toSorted()).toEqual(names(20))
    await two?.finish()
  })

  it('gives two nodes that ask at once different tests', async () => {
    const agents = await nodes(4)
    const batches = await Promise.all(agents.map((agent) => take(agent, 0)))
    expect(new Set(batches.flat()).size).toBe(batches.flat().length)
    for (const agent of agents) await agent.finish()
  })

  it('is one for each suite and each job, and only for who holds the task', async () => {
    const [one] = await nodes(1)
    expect(await take(one, 0, timed(3), 'unit')).toHaveLength(3)
    expect(await take(one, 0, timed(2), 'other')).toHaveLength(2)
    const [another] = await nodes(1)
    expect(await take(another, 0, timed(3), 'unit')).toHaveLength(3)
    await one?.finish()
    await another?.finish()
    await expect(take(one, 1)).rejects.toMatchObject({ code: 'ORY_TASK_GONE' })
  })
})
