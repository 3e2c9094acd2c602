import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OrreryError } from '@orrery/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FakeServer, startFakeServer } from '../test/fake-server.ts'
import { jobSpec } from '../test/kit.ts'
import { createScriptedDriver, type ScriptedBehaviour } from './drivers/scripted/index.ts'
import { createRunner, type Runner } from './runner.ts'

let server: FakeServer
let dataDir: string
let runners: Runner[] = []
const standIn = join(import.meta.dirname, '../test/stand-in')

beforeEach(async () => {
  server = await startFakeServer()
  dataDir = await mkdtemp(join(tmpdir(), 'sc-'))
})
afterEach(async () => {
  for (const runner of runners) await runner.stop()
  runners = []
  await server.close()
  await rm(dataDir, { recursive: true, force: true })
})

async function startRunner(
  behave: () => ScriptedBehaviour = () => ({ kind: 'agent' }),
  slots = 2,
  removal?: () => Promise<void>,
): Promise<Runner> {
  const runner = createRunner({
    serverUrl: server.url,
    token: server.token,
    dataDir,
    runtimeDir: standIn,
    slots,
    waitS: 1,
    driver: () => {
      const driver = createScriptedDriver({ agentDir: standIn, behaviour: behave })
      if (removal === undefined) return driver
      return {
        ...driver,
        async start(request) {
          const place = await driver.start(request)
          return { ...place, destroy: () => removal().then(() => place.destroy()) }
        },
      }
    },
  })
  runners.push(runner)
  await runner.start()
  return runner
}

const enqueue = (...commands: string[]) => server.enqueue(jobSpec(['app'], commands))

describe('scenarios', () => {
  it.each<{ name: string; behaviour: ScriptedBehaviour; commands: string[]; outcome: string; reason?: RegExp }>([
    { name: 'a passing job', behaviour: { kind: 'agent' }, commands: ['true', 'true'], outcome: 'success' },
    { name: 'a failing step', behaviour: { kind: 'agent' }, commands: ['false', 'true'], outcome: 'failed' },
    {
      name: 'an image that cannot be had',
      behaviour: { kind: 'fail', error: new OrreryError('ORY_IMAGE_PULL', ['app', 'denied']) },
      commands: [],
      outcome: 'failed',
      reason: /app could not be had: denied/,
    },
    {
      name: 'a place that cannot be made',
      behaviour: { kind: 'fail', error: new Error('disk full') },
      commands: [],
      outcome: 'infrastructure_fail',
      reason: /disk full/,
    },
    {
      name: 'an agent that dies before its first word',
      behaviour: { kind: 'exit', code: 127 },
      commands: [],
      outcome: 'infrastructure_fail',
      reason: /could not start \(exit code 127\)/,
    },
  ])('$name ends as $outcome', async ({ behaviour, commands, outcome, reason }) => {
    const task = enqueue(...commands)
    const runner = await startRunner(() => behaviour)
    await server.until(() => server.outcome(task) !== undefined)
    await runner.stop({ drain: true })

    expect(server.outcome(task)).toBe(outcome)
    if (reason !== undefined) expect(JSON.stringify(task.events.runner.at(-1))).toMatch(reason)
    expect(await readdir(join(dataDir, 'tasks'))).toEqual([])
  })

  it('gives a task back while the engine is away and runs it when it is there again', async () => {
    let away = true
    const error = new OrreryError('ORY_ENGINE_MISSING', ['connection refused'])
    const task = enqueue('true')
    await startRunner(() => {
      if (!away) return { kind: 'agent' }
      away = false
      return { kind: 'fail', error }
    })

    await server.until(() => server.outcome(task) !== undefined)

    expect(task.releases).toEqual([error.message])
    expect({ outcome: server.outcome(task), epoch: task.epoch }).toEqual({ outcome: 'success', epoch: 2 })
  })

  it('makes a place again that the engine failed to make, and tells it in step 0', async () => {
    let failures = 2
    const task = enqueue('true')
    const runner = await startRunner(() =>
      failures-- > 0 ? { kind: 'fail', error: new Error('the engine stumbled') } : { kind: 'agent' },
    )

    await server.until(() => server.outcome(task) !== undefined)
    await runner.stop({ drain: true })

    expect(server.outcome(task)).toBe('success')
    expect(server.log(task, 0).match(/could not be made: the engine stumbled\nTrying again\n/g)).toHaveLength(2)
  })

  it('never runs more tasks than it has slots', async () => {
    const tasks = [enqueue('sleep 0.3'), enqueue('sleep 0.3'), enqueue('true')]
    const runner = await startRunner(undefined, 2)
    let most = 0
    const check = () => {
      most = Math.max(most, tasks.filter((task) => task.state === 'held').length)
      return tasks.every((task) => server.outcome(task) !== undefined)
    }

    await server.until(check)

    expect(most).toBe(2)
    await runner.stop({ drain: true })
  })

  it('gives a slot to the next task while a place is being removed, but not without end', async () => {
    const tasks = [enqueue('true'), enqueue('true'), enqueue('true')]
    const [first, second, third] = tasks
    const gate = Promise.withResolvers<void>()
    const two = Promise.withResolvers<void>()
    let removing = 0
    const runner = await startRunner(undefined, 1, async () => {
      removing += 1
      if (removing === 2) two.resolve()
      await gate.promise
    })

    await two.promise

    const outcomes = [first, second, third].map((task) => task && server.outcome(task))
    expect(outcomes).toEqual(['success', 'success', undefined])
    expect(third?.state).toBe('queued')
    gate.resolve()
    await server.until(() => tasks.every((task) => server.outcome(task) !== undefined))
    await runner.stop({ drain: true })
    expect(await readdir(join(dataDir, 'tasks'))).toEqual([])
  })

  it('keeps its identity over restarts', async () => {
    const first = enqueue('true')
    const runner = await startRunner()
    await server.until(() => first.runnerId !== undefined)
    const id = first.runnerId
    await runner.stop({ drain: true })
    const second = enqueue('true')

    await startRunner()
    await server.until(() => server.outcome(second) !== undefined)

    expect(second.runnerId).toBe(id)
  })

  it('starts before its server does', async () => {
    await server.down()
    const task = enqueue('true')
    await startRunner()

    await server.up()

    await server.until(() => server.outcome(task) !== undefined)
    expect(server.outcome(task)).toBe('success')
  })
})
