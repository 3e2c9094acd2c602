import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TaskEventBody } from '@orrery/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FakeServer, type FakeTask, startFakeServer } from '../test/fake-server.ts'
import { jobSpec } from '../test/kit.ts'
import { shipLog } from './log-shipper.ts'
import { createServerClient, type TaskClient } from './server-client.ts'
import { createReporter } from './task-reporter.ts'

let server: FakeServer
let task: FakeTask
let client: TaskClient
let directory: string
const never = new AbortController().signal

beforeEach(async () => {
  server = await startFakeServer()
  directory = await mkdtemp(join(tmpdir(), 'rep-'))
  task = server.enqueue(jobSpec(['app'], []))
  const runner = { id: crypto.randomUUID(), name: 'r', version: '1', os: 'linux', arch: 'amd64' }
  const api = createServerClient(server.url, server.token, runner)
  const claim = await api.claim(['docker'], 0, never)
  client = api.task({ taskId: task.spec.taskId, epoch: 1, taskToken: claim?.taskToken ?? '' })
})
afterEach(async () => {
  await server.close()
  await rm(directory, { recursive: true, force: true })
})

const start = (step: number): TaskEventBody => ({
  type: 'step.started',
  step,
  attempt: 0,
  name: `step ${step}`,
  kind: 'infrastructure',
  background: false,
  origin: [],
})
const seqs = () => task.events.runner.map((event) => event.seq)

describe('the reporter', () => {
  it('sends again what an earlier life wrote, each event kept once, a torn line left out', async () => {
    const file = join(directory, 'events')
    const first = await createReporter(client, file, never)
    await first.report(start(0))
    await first.flushed()
    await server.down()
    await first.report(start(2))
    first.stop()
    await appendFile(file, '{"seq":3,"torn')
    await server.up()

    const second = await createReporter(client, file, never)
    expect(await second.flushed()).toBe(true)

    expect(second.earlier.map((event) => event.seq)).toEqual([1, 2])
    expect(seqs()).toEqual([1, 2])
  })

  it('goes on where the server is when its file was lost', async () => {
    const first = await createReporter(client, join(directory, 'a'), never)
    await first.report(start(0))
    await first.flushed()

    const second = await createReporter(client, join(directory, 'b'), never, true)
    await second.report({ type: 'task.ended', outcome: 'infrastructure_fail' })

    expect(await second.flushed()).toBe(true)
    expect(seqs()).toEqual([1, 2])
  })

  it('gives up when the task is no longer ours', async () => {
    server.expire(task)
    const reporter = await createReporter(client, join(directory, 'events'), never)
    await reporter.report(start(0))

    expect(await reporter.flushed()).toBe(false)
    expect(await readFile(join(directory, 'events'), 'utf8')).toContain('"seq":1')
  })
})

describe('bytes of an earlier claim on the server', () => {
  const end = (sha256: string, bytes: number): TaskEventBody => ({
    type: 'step.ended',
    step: 0,
    attempt: 0,
    status: 'success',
    exitCode: null,
    insignificant: false,
    log: { bytes, lines: 0, sha256 },
  })
  const ship = () =>
    shipLog({
      client,
      step: 0,
      source: async function* () {
        yield Buffer.from('new text')
      },
      limit: 99,
      signal: never,
    })

  it('are replaced once the receipt was refused', async () => {
    task.logs.set('0/0', Buffer.from('old text'))
    const reporter = await createReporter(client, join(directory, 'events'), never)
    reporter.resendWith(0, ship)
    const receipt = await ship()
    await reporter.report(start(0))
    await reporter.report(end(receipt?.sha256 ?? '', 8))

    expect(await reporter.flushed()).toBe(true)
    expect(server.log(task, 0)).toBe('new text')
    expect(task.events.runner.at(-1)).toMatchObject({ type: 'step.ended', seq: 2 })
  })

  it('that cannot be replaced do not keep the end of the task', async () => {
    task.logs.set('0/0', Buffer.from('old'))
    task.sealed.add('0/0')
    const reporter = await createReporter(client, join(directory, 'events'), never)
    reporter.resendWith(0, async () => undefined)
    await reporter.report(start(0))
    await reporter.report(end('f'.repeat(64), 99))
    await reporter.report({ type: 'task.ended', outcome: 'failed' })

    expect(await reporter.flushed()).toBe(true)
    expect(task.events.runner.at(-1)).toMatchObject({ type: 'task.ended', seq: 3 })
    expect(await ship()).toBeUndefined()
  })
})

describe('the log shipper', () => {
  const source = (parts: readonly string[]) =>
    async function* () {
      for (const part of parts) yield Buffer.from(part)
    }
  const ship = (parts: readonly string[], limit = 1000) =>
    shipLog({ client, step: 2, source: source(parts), limit, signal: never })

  it('answers a receipt of exactly what the server holds', async () => {
    const receipt = await ship(['one\n', 'two\n', 'rest'])

    expect(server.log(task, 2)).toBe('one\ntwo\nrest')
    expect(receipt).toMatchObject({ bytes: 12, lines: 2 })
  })

  it('skips what an earlier life has sent', async () => {
    await ship(['one\n', 'tw'])

    const receipt = await ship(['one\n', 'two\n'])

    expect(server.log(task, 2)).toBe('one\ntwo\n')
    expect(receipt).toMatchObject({ bytes: 8, lines: 2 })
  })

  it('cuts at the limit', async () => {
    const receipt = await ship(['12345', '67890', 'more'], 7)

    expect(server.log(task, 2)).toBe('1234567')
    expect(receipt).toMatchObject({ bytes: 7 })
  })

  it('holds the source back while the server is away', async () => {
    await server.down()
    const abort = new AbortController()
    let produced = 0
    async function* endless() {
      for (;;) {
        produced += 1
        yield Buffer.alloc(256 * 1024)
        await new Promise(setImmediate)
      }
    }

    const shipped = shipLog({ client, step: 2, source: endless, limit: 1e9, signal: abort.signal })
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate)

    expect(produced).toBeLessThan(12)
    abort.abort()
    expect(await shipped).toBeUndefined()
    await server.up()
  })
})
