import type { JobView } from '@orrery/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApiClient } from '../packages/cli/src/client/api.ts'
import { Orrery } from './kit/orrery.ts'
import { jobNamed, logOf, statuses, untilEnd } from './kit/outcome.ts'
import { OwnEngine, whyNoEngine } from './kit/own-engine.ts'
import { taskDirectoriesOf } from './kit/places.ts'
import { Repository } from './kit/repository.ts'

const lines = 200
/** `main`: the agent is the container's main process; `beside`: the config's entrypoint is, and the agent runs beside it. */
const long = `version: 2.1
jobs:
  main: &job
    docker:
      - image: busybox:1.36
      - image: busybox:1.36
        command: [sh, -c, 'i=0; while true; do echo service $i; i=$((i+1)); sleep 0.05; done']
    steps:
      - run:
          name: Count
          command: 'echo run >> ~/runs; for i in $(seq 1 ${lines}); do echo "line $i of a long job"; sleep 0.02; done; cat ~/runs'
      - run: { name: After, command: 'echo after' }
  beside:
    <<: *job
    docker: [{ image: 'busybox:1.36', entrypoint: [sleep, '1000'] }]
workflows: { main: { jobs: [main, beside] } }
`
const short = `version: 2.1
jobs:
  next:
    docker: [{ image: 'busybox:1.36' }]
    steps: [{ run: { name: Say, command: 'echo next' } }]
workflows: { main: { jobs: [next] } }
`
const file = '.circleci/config.yml'
const body = `${Array.from({ length: lines }, (_, index) => `line ${index + 1} of a long job\r\n`).join('')}run\r\n`

let engine: OwnEngine
let orrery: Orrery
let repository: Repository
let client: ApiClient

function install(flags: string[]): void {
  beforeAll(async () => {
    engine = await OwnEngine.start({ flags })
    orrery = await Orrery.start({ settings: { dockerHost: engine.host, leaseS: 60, slots: 2, pool: 2 } })
    repository = await Repository.create(orrery, 'engine', { [file]: short })
    client = await orrery.client()
  })
  afterAll(async () => {
    await orrery?.[Symbol.asyncDispose]()
    await engine?.[Symbol.asyncDispose]()
  })
}

/** A pipeline whose two jobs are in the middle of their counting. */
async function runningPipeline(name: string): Promise<string> {
  const { id } = await repository.pipeline({ [file]: long, 'a.txt': name })
  const seen = new Map<string, string>()
  const { promise: running, resolve, reject } = Promise.withResolvers<void>()
  untilEnd(client, id, {
    log(job, _task, step, chunk) {
      if (step.name === 'Count') seen.set(job.name, (seen.get(job.name) ?? '') + chunk)
      if ([...seen.values()].filter((text) => text.includes('line 20 ')).length === 2) resolve()
    },
  }).catch(reject)
  await running
  return id
}

async function expectNextRuns(): Promise<void> {
  const { id } = await repository.pipeline({ [file]: short })
  const result = await untilEnd(client, id)
  expect(statuses(result)).toEqual({ next: 'success' })
  expect(await logOf(client, await jobNamed(client, result, 'next'), 'Say')).toMatch(/\nnext\r\n$/)
}

/** What its steps said, without the echo of the command. */
async function said(job: JobView): Promise<string> {
  const log = await logOf(client, job, 'Count')
  return log.slice(log.indexOf('\n', log.indexOf('\n') + 1) + 1)
}

/** Nothing that jobs or the runner made is left once the runner is stopped, not even what was made ahead. */
async function expectNothingLeft(): Promise<void> {
  await expect.poll(() => taskDirectoriesOf(orrery), { timeout: 60_000, interval: 100 }).toEqual([])
  await orrery.stop()
  expect(await engine.holds()).toEqual([])
  await orrery.up()
}

const missing = whyNoEngine()
if (missing !== undefined) console.warn(`The tests of an engine's restart are skipped: ${missing}.`)

describe.skipIf(missing !== undefined)('an engine that keeps its containers (live-restore)', () => {
  install(['--live-restore'])

  it.each(['stop', 'kill'] as const)('may %s and start again in the middle of jobs: nothing is lost', async (end) => {
    const id = await runningPipeline(end)

    await engine[end]()
    await engine.up()

    const result = await untilEnd(client, id)
    expect(statuses(result)).toEqual({ main: 'success', beside: 'success' })
    for (const name of ['main', 'beside']) {
      const job = await jobNamed(client, result, name)
      expect(await said(job)).toBe(body)
      const steps = job.tasks[0]?.steps.filter((step) => step.step > 100) ?? []
      expect(steps.map((step) => `${step.name} ${step.attempt} ${step.status}`)).toEqual([
        'Count 0 success',
        'After 0 success',
      ])
    }
    const service = await logOf(client, await jobNamed(client, result, 'main'), 'Container busybox:1.36')
    const told = service.trimEnd().split(/\r?\n/)
    expect(told.length).toBeGreaterThan(60)
    expect(told).toEqual(told.map((_, index) => `service ${index}`))
    await expectNextRuns()
    if (end === 'kill') await expectNothingLeft()
  })
})

describe.skipIf(missing !== undefined)('an engine that ends its containers', () => {
  install([])

  it.each(['stop', 'kill'] as const)(
    'may %s and start again: its jobs end honestly, the next ones run',
    async (end) => {
      const id = await runningPipeline(end)

      await engine[end]()
      await engine.up()

      const result = await untilEnd(client, id)
      expect(statuses(result)).toEqual({ main: 'infrastructure_fail', beside: 'infrastructure_fail' })
      for (const name of ['main', 'beside']) {
        const job = await jobNamed(client, result, name)
        const text = await said(job)
        expect(body.startsWith(text)).toBe(true)
        expect(text).toContain('line 20 ')
        expect(job.tasks[0]?.steps.map((step) => step.name)).not.toContain('After')
      }
      await expectNextRuns()
      if (end === 'kill') await expectNothingLeft()
    },
  )

  it('that is away makes jobs wait, and takes them up when it is back', async () => {
    await expectNextRuns()
    await engine.stop()
    const { id } = await repository.pipeline({ [file]: short })
    await expect.poll(() => orrery.output, { timeout: 30_000 }).toMatch(/engine/i)

    await engine.up()

    expect(statuses(await untilEnd(client, id))).toEqual({ next: 'success' })
    await expectNothingLeft()
  })
})
