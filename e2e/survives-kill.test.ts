import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { JobView } from '@orrery/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApiClient } from '../packages/cli/src/client/api.ts'
import { Orrery } from './kit/orrery.ts'
import { jobNamed, logOf, statuses, untilEnd } from './kit/outcome.ts'
import { agentPid, placesOf, taskDirectoriesOf } from './kit/places.ts'
import { Repository } from './kit/repository.ts'

const lines = 300
/** Longer than anything of ours takes to start again, also on a busy machine. */
const leaseS = 60
/** For those who shall lose it. */
const shortLeaseS = 4
const cutMs = 2_000
/** Step Count counts its own runs in the workspace of the container: a step that ran twice would say so. */
const config = `version: 2.1
jobs:
  long: &long
    docker: [{ image: cimg/base:2024.02 }]
    steps:
      - run: { name: Count, command: 'echo run >> ~/runs; for i in $(seq 1 ${lines}); do echo "line $i of a long job"; sleep 0.02; done; cat ~/runs' }
      - run: { name: After, command: 'echo after' }
  second: *long
workflows: { main: { jobs: [long, second] } }
`
const firstLine = '#!/bin/bash -eo pipefail\n'
const body = `${Array.from({ length: lines }, (_, index) => `line ${index + 1} of a long job\r\n`).join('')}run\r\n`

let orrery: Orrery
let repository: Repository

function install(lease: number): void {
  beforeAll(async () => {
    orrery = await Orrery.start({ settings: { leaseS: lease, slots: 2 } })
    repository = await Repository.create(orrery, 'kill', { '.circleci/config.yml': config })
  })
  afterAll(async () => {
    await orrery?.[Symbol.asyncDispose]()
  })
}

/** A pipeline whose jobs are in the middle of their counting. */
async function runningPipeline(name: string): Promise<{ id: string; jobs: JobView[] }> {
  const { id } = await repository.pipeline({ 'a.txt': name })
  const client = await orrery.client()
  const seen = new Map<string, string>()
  const { promise: running, resolve, reject } = Promise.withResolvers<void>()
  untilEnd(client, id, {
    log(job, _task, step, chunk) {
      if (step.name === 'Count') seen.set(job.name, (seen.get(job.name) ?? '') + chunk)
      if ([...seen.values()].filter((text) => text.includes('line 20 ')).length === 2) resolve()
    },
  }).catch(reject)
  await running
  const pipeline = await client.pipeline(id)
  const workflow = await client.workflow(pipeline.workflows[0]?.id ?? '')
  return { id, jobs: await Promise.all(workflow.jobs.map((job) => client.job(job.id))) }
}

/** What must hold for a job that nothing happened to but kills around it. */
async function expectWhole(client: ApiClient, pipelineId: string, names = ['long', 'second']): Promise<void> {
  const result = await untilEnd(client, pipelineId)
  for (const name of names) {
    const job = await jobNamed(client, result, name)
    expect([name, job.status]).toEqual([name, 'success'])
    const log = await logOf(client, job, 'Count')
    expect(log.startsWith(firstLine)).toBe(true)
    expect(log.slice(log.indexOf('\n', firstLine.length) + 1)).toBe(body)
    const steps = job.tasks[0]?.steps.filter((step) => step.step > 100) ?? []
    expect(steps.map((step) => `${step.name} ${step.attempt} ${step.status}`)).toEqual([
      'Count 0 success',
      'After 0 success',
    ])
  }
}

/** The log so far, and the honest end of the job; the other job does not notice. */
async function expectLost(pipelineId: string, reason: RegExp): Promise<void> {
  const client = await orrery.client()
  const result = await untilEnd(client, pipelineId)
  expect(statuses(result)).toEqual({ long: 'infrastructure_fail', second: 'success' })
  const job = await jobNamed(client, result, 'long')
  expect(JSON.stringify(job)).toMatch(reason)
  const log = await logOf(client, job, 'Count')
  const said = log.slice(log.indexOf('\n', firstLine.length) + 1)
  expect(body.startsWith(said)).toBe(true)
  expect(said).toContain('line 20 ')
  expect(job.tasks[0]?.steps.map((step) => step.name)).not.toContain('After')
  await expectWhole(client, pipelineId, ['second'])
  await expectCleanedUp()
}

/** The runner removes a place after the server learned of its end. */
async function expectCleanedUp(): Promise<void> {
  const left = async () => [...(await placesOf(orrery)), ...(await taskDirectoriesOf(orrery))]
  await expect.poll(left, { timeout: 30_000, interval: 100 }).toEqual([])
}

const postgresPid = async () =>
  Number((await readFile(join(orrery.dataDir, 'postgres/postgres/postmaster.pid'), 'utf8')).split('\n')[0])

/** One that was killed a moment ago is waited for: it comes back by itself. */
async function killNext(find: () => Promise<number>): Promise<void> {
  const kill = () => find().then((pid) => process.kill(pid, 'SIGKILL'))
  await expect.poll(() => kill().catch(() => false), { timeout: 30_000, interval: 50 }).toBe(true)
}

const kills = {
  async server() {
    await orrery.kill()
    await orrery.up()
  },
  runner: () => killNext(() => orrery.runnerPid()),
  database: () => killNext(postgresPid),
  /** As a network that is cut for less than a lease (A.13 329). */
  async network() {
    orrery.signal('SIGSTOP')
    await delay(cutMs)
    orrery.signal('SIGCONT')
  },
}

describe('two jobs', () => {
  install(leaseS)

  it.each(Object.keys(kills) as (keyof typeof kills)[])(
    'survive the loss of the %s in their middle: nothing is lost, nothing runs twice, nothing is left',
    async (victim) => {
      const { id } = await runningPipeline(victim)

      await kills[victim]()

      await expectWhole(await orrery.client(), id)
      await expectCleanedUp()
    },
  )

  it('survive several losses in any order', async () => {
    const { order, random, withSeed } = chaos(5)
    const { id } = await runningPipeline('chaos')

    for (const victim of order) {
      await kills[victim]()
      await delay(random() * 500)
    }

    await expectWhole(await orrery.client(), id).catch(withSeed)
    await expectCleanedUp()
  })

  it.each([
    { name: 'several losses', seed: undefined },
    // A cut network and two lost servers: the runner stops while it sends what the agent left.
    { name: 'the loss of the server behind it', seed: 651044 },
  ])('survive $name, and the one whose agent is killed among them ends honestly', async ({ seed }) => {
    const { order, random, withSeed } = chaos(3, seed)
    const { id, jobs } = await runningPipeline('chaos-with-agent')
    const pid = await agentPid(jobs.find((one) => one.name === 'long')?.id ?? '')

    for (const [index, victim] of order.entries()) {
      const loss = kills[victim]()
      // At the same time as the first loss: later the job might be over.
      if (index === 0) process.kill(pid, 'SIGKILL')
      await loss
      await delay(random() * 500)
    }

    await expectLost(id, /place of the job ended unexpectedly/).catch(withSeed)
  })
})

/** Losses in an order that `ORRERY_CHAOS_SEED` repeats; `withSeed` tells it with what went wrong. */
function chaos(length: number, known?: number) {
  const seed = known ?? Number(process.env['ORRERY_CHAOS_SEED'] ?? Date.now() % 1_000_000)
  const random = randomFrom(seed)
  const names = Object.keys(kills) as (keyof typeof kills)[]
  const order = Array.from({ length }, () => names[Math.floor(random() * names.length)] ?? 'runner')
  const withSeed = (error: unknown) => {
    throw new Error(`with ORRERY_CHAOS_SEED=${seed}: ${order.join(', ')}`, { cause: error })
  }
  return { order, random, withSeed }
}

describe('a job whose agent is lost', () => {
  install(shortLeaseS)

  it('by kill -9 ends with the log that was spooled, as infrastructure_fail', async () => {
    const { id, jobs } = await runningPipeline('agent')

    process.kill(await agentPid(jobs.find((one) => one.name === 'long')?.id ?? ''), 'SIGKILL')

    await expectLost(id, /place of the job ended unexpectedly/)
  })

  it('because it was frozen for longer than its lease is ended by the server; thawed, it stops its steps', async () => {
    const { id, jobs } = await runningPipeline('frozen')
    const pid = await agentPid(jobs.find((one) => one.name === 'long')?.id ?? '')

    process.kill(pid, 'SIGSTOP')
    const ended = untilEnd(await orrery.client(), id)
    await expect.poll(async () => statuses(await ended)['long'], { timeout: 60_000 }).toBe('infrastructure_fail')
    process.kill(pid, 'SIGCONT')

    await expectLost(id, /no sign of life for 4 s|server could not be reached for 4s/)
  })

  it('because the network was cut for longer than its lease stops its steps, and says why', async () => {
    const { id } = await runningPipeline('cut')

    orrery.signal('SIGSTOP')
    await delay(shortLeaseS * 1000 + cutMs)
    orrery.signal('SIGCONT')

    const client = await orrery.client()
    const result = await untilEnd(client, id)
    expect(statuses(result)).toEqual({ long: 'infrastructure_fail', second: 'infrastructure_fail' })
    const job = await jobNamed(client, result, 'long')
    expect(JSON.stringify(job)).toMatch(/no sign of life for 4 s|server could not be reached for 4s/)
    expect(await logOf(client, job, 'Count')).not.toContain(`line ${lines} of`)
    await expectCleanedUp()
  })
})

/** mulberry32: the same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
