import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TaskEventBody } from '@orrery/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createServerClient, type TaskClient } from '../src/server-client.ts'
import { createReporter } from '../src/task-reporter.ts'
import { type FakeServer, type FakeTask, startFakeServer } from './fake-server.ts'
import { jobSpec } from './kit.ts'

const kilobyte = 1024
const never = new AbortController().signal

/** Only root may mount a small disk. */
describe.skipIf(process.getuid?.() !== 0)('a runner whose disk is full', () => {
  let server: FakeServer
  let task: FakeTask
  let client: TaskClient
  let directory: string
  let file: string
  beforeEach(async () => {
    server = await startFakeServer()
    task = server.enqueue(jobSpec(['app'], []))
    const runner = { id: crypto.randomUUID(), name: 'r', version: '1', os: 'linux', arch: 'amd64' }
    const claim = await createServerClient(server.url, server.token, runner).claim(['docker'], 0, never)
    client = createServerClient(server.url, server.token, runner).task({
      taskId: task.spec.taskId,
      epoch: 1,
      taskToken: claim?.taskToken ?? '',
    })
    directory = await mkdtemp(join(tmpdir(), 'rep-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${32 * kilobyte}`, 'tmpfs', directory])
    file = join(directory, 'events')
  })
  afterEach(async () => {
    execFileSync('umount', [directory])
    await rm(directory, { recursive: true, force: true })
    await server.close()
  })

  const fill = () => writeFile(join(directory, 'filler'), Buffer.alloc(32 * kilobyte)).catch(() => undefined)
  const start = (step: number): TaskEventBody => ({
    type: 'step.started',
    step,
    attempt: 0,
    // So long that a page takes two of them at most.
    name: `step ${step}`.padEnd(1500, '.'),
    kind: 'infrastructure',
    background: false,
    origin: [],
  })
  const steps = () => task.events.runner.map((event) => ('step' in event ? event.step : event.type))
  const seqs = () => task.events.runner.map(({ seq }) => seq)

  it('tells the server all the same; restarted, it goes on behind what the server knows', async () => {
    const first = await createReporter(client, file, never)
    await first.report(start(0))
    await fill()
    for (const step of [2, 3, 4, 5]) await first.report(start(step))
    expect(await first.flushed()).toBe(true)
    first.stop()
    expect((await readFile(file, 'utf8')).length).toBeLessThan(4 * 1500)

    const second = await createReporter(client, file, never, true)
    await second.report({ type: 'task.ended', outcome: 'infrastructure_fail' })

    expect(await second.flushed()).toBe(true)
    expect(steps()).toEqual([0, 2, 3, 4, 5, 'task.ended'])
    expect(seqs()).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('writes what did not find room as soon as there is some: a restart has the whole', async () => {
    const first = await createReporter(client, file, never)
    await first.report(start(0))
    await fill()
    await server.down()
    for (const step of [2, 3, 4]) await first.report(start(step))
    await rm(join(directory, 'filler'))
    await first.report(start(5))
    first.stop()
    await server.up()

    const second = await createReporter(client, file, never, true)

    expect(await second.flushed()).toBe(true)
    expect(second.earlier.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5])
    expect(steps()).toEqual([0, 2, 3, 4, 5])
  })

  it('that lost its last events with the server away reports anew what it still has to say', async () => {
    const first = await createReporter(client, file, never)
    await first.report(start(0))
    await first.flushed()
    await fill()
    await server.down()
    for (const step of [2, 3, 4, 5]) await first.report(start(step))
    first.stop()
    await server.up()

    const second = await createReporter(client, file, never, true)
    const known = second.earlier.length
    await second.report({ type: 'task.ended', outcome: 'infrastructure_fail' })

    expect(await second.flushed()).toBe(true)
    expect(known).toBeLessThan(5)
    expect(seqs()).toEqual(Array.from({ length: known + 1 }, (_, index) => index + 1))
    expect(server.outcome(task)).toBe('infrastructure_fail')
  })
})
