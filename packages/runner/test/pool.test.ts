import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FakeTask } from './fake-server.ts'
import { busybox, debian, docker, eventually, jobSpec, type Kit, startKit } from './kit.ts'

let kit: Kit
let runnerId = ''

beforeEach(async () => {
  kit = await startKit()
})
afterEach(() => kit.close())

async function start(pool: number): Promise<Awaited<ReturnType<Kit['runner']>>> {
  const runner = await kit.runner({ docker: { pool } })
  runnerId = JSON.parse(await readFile(join(kit.directory, 'data', 'runner.json'), 'utf8')).id
  return runner
}
/** Containers that wait: those of a task are told apart by the note in their directory. */
async function waiting() {
  const filters = { label: [`orrery.runner=${runnerId}`, 'orrery.warm'] }
  const list = await docker.listContainers({ filters })
  return list.filter(({ Labels }) => !existsSync(join(directoryOf(Labels['orrery.warm'] ?? ''), 'taken.json')))
}
const directoryOf = (placeId: string) => join(kit.directory, 'data', 'warm', placeId)
/** Its agent has asked for its task. */
const ready = (count: number) =>
  eventually(async () => {
    const list = await waiting()
    const up = await Promise.all(list.map(({ Labels }) => isUp(Labels['orrery.warm'] ?? '')))
    return list.length === count && up.every(Boolean)
  })
function isUp(placeId: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socketPath = join(directoryOf(placeId), 'mnt', 'gateway.sock')
    const outgoing = request({ socketPath, path: '/' }, (incoming) => {
      let text = ''
      incoming.on('data', (chunk) => {
        text += chunk
      })
      incoming.on('end', () => resolve(text.includes('there is no task yet')))
    })
    outgoing.on('error', () => resolve(false))
    outgoing.end()
  })
}
const endOf = (task: FakeTask) => kit.server.until(() => kit.server.outcome(task) !== undefined)
async function run(images: Parameters<typeof jobSpec>[0], command: string): Promise<FakeTask> {
  const task = kit.server.enqueue(jobSpec(images, [command]))
  await endOf(task)
  await kit.gone(task.spec.taskId)
  return task
}
/** How the agent of this place was started. */
const mode = 'cat /proc/1/cmdline | tr "\\0" " " | grep -o "agent.mjs [a-z]*"'

describe('a container that was started ahead', () => {
  it('113: is taken by the next job with this image, is its alone, and goes with it', async () => {
    await start(1)
    const first = await run([busybox], `${mode}; touch /left-by-the-first`)
    await ready(1)
    const [before] = await waiting()

    const second = await run([busybox], `${mode}; ls /left-by-the-first 2>&1; ls /orrery-task`)

    expect(kit.server.log(first, 101)).toBe('agent.mjs run\n')
    expect(kit.server.log(second, 101)).toMatch(/^agent\.mjs wait\nls: \/left-by-the-first: No such/)
    expect(kit.server.log(second, 0)).toMatch(/using image \S+@sha256:/)
    await eventually(async () => !(await waiting()).some(({ Id }) => Id === before?.Id))
    await ready(1)
    expect(
      await docker
        .getContainer(before?.Id ?? '')
        .inspect()
        .catch((error) => error.statusCode),
    ).toBe(404)
  })

  it('has the class, the user and the limits that the job asks for, else it is not taken', async () => {
    await start(2)
    await run([{ image: debian, user: 'nobody' }], 'true')
    await ready(1)

    const same = await run(
      [{ image: debian, user: 'nobody' }],
      `id -un; cat /sys/fs/cgroup/memory/memory.limit_in_bytes; ${mode}`,
    )
    const other = await run([{ image: debian }], mode)
    const spec = jobSpec([{ image: debian, user: 'nobody' }], [mode])
    const larger = kit.server.enqueue({ ...spec, resourceClass: { ...spec.resourceClass, memoryMb: 600 } })
    await endOf(larger)
    await kit.gone(larger.spec.taskId)

    expect(kit.server.log(same, 101)).toBe('nobody\n536870912\nagent.mjs wait\n')
    expect(kit.server.log(other, 101)).toBe('agent.mjs run\n')
    expect(kit.server.log(larger, 101)).toBe('agent.mjs run\n')
  })

  it('serves jobs with service containers, named ones included', async () => {
    await start(1)
    await run([busybox], 'true')
    await ready(1)
    const serve = (word: string) => ['nc', '-ll', '-p', '7100', '-e', 'echo', word]
    const ask = (host: string) =>
      `n=0; until nc ${host} 7100 2>/dev/null; do n=$((n+1)); [ $n -gt 50 ] && exit 9; sleep 0.1; done`

    const task = await run(
      [{ image: busybox, name: 'main' }, { command: serve('local') }, { name: 'db.internal', command: serve('named') }],
      `${ask('localhost')}; ${ask('db.internal')}; ${ask('main')}; ${mode}`,
    )

    expect(kit.server.log(task, 101)).toBe('local\nnamed\nlocal\nagent.mjs wait\n')
  })

  it('holds nothing of a job before it is taken', async () => {
    await start(1)
    const secret = 's3cret-of-the-first-job'
    const spec = jobSpec(
      [{ image: busybox, environment: { S: secret }, auth: { username: 'u', password: secret } }],
      ['true'],
    )
    await endOf(kit.server.enqueue({ ...spec, environment: [{ source: 'project', vars: { S: secret } }] }))
    await kit.gone(spec.taskId)
    await ready(1)
    const [one] = await waiting()

    const info = await docker.getContainer(one?.Id ?? '').inspect()
    const mount = join(directoryOf(one?.Labels['orrery.warm'] ?? ''), 'mnt')

    expect(JSON.stringify(info)).not.toContain(secret)
    expect(await readdir(mount)).toEqual(['gateway.sock'])
  })

  it('is not taken when it has died, and another one is made', async () => {
    await start(1)
    await run([busybox], 'true')
    await ready(1)
    const [dead] = await waiting()
    await docker.getContainer(dead?.Id ?? '').kill()

    const task = await run([busybox], mode)

    expect(kit.server.log(task, 101)).toBe('agent.mjs run\n')
    await ready(1)
  })

  it('is not made for an entrypoint of the job’s own', async () => {
    await start(2)
    await run([{ image: busybox, command: ['sleep', '600'] }], 'true')
    await run([busybox], 'true')
    await ready(1)
  })
})

describe('the end of a runner', () => {
  it('takes what waits with it, and leaves what runs', async () => {
    const runner = await start(1)
    await run([busybox], 'true')
    await ready(1)
    const task = kit.server.enqueue(jobSpec([busybox], ['echo on; while [ ! -e /go ]; do sleep 0.1; done; echo went']))
    await kit.server.until(() => kit.server.log(task, 101).includes('on'))
    await runner.stop()

    const left = await docker.listContainers({ all: true, filters: { label: [`orrery.runner=${runnerId}`] } })
    expect(left.map(({ Labels }) => ('orrery.holder' in Labels ? 'holder' : 'warm')).sort()).toEqual(['holder', 'warm'])

    await start(1)
    const primary = left.find(({ Labels }) => 'orrery.warm' in Labels)
    const exec = await docker.getContainer(primary?.Id ?? '').exec({ Cmd: ['touch', '/go'] })
    await exec.start({ Detach: true })
    await endOf(task)
    expect({ outcome: kit.server.outcome(task), epoch: task.epoch }).toEqual({ outcome: 'success', epoch: 1 })
    expect(kit.server.log(task, 101)).toBe('on\nwent\n')
    await kit.gone(task.spec.taskId)
    expect(
      await docker
        .getContainer(primary?.Id ?? '')
        .inspect()
        .catch((error) => error.statusCode),
    ).toBe(404)
  })

  it('by a kill ends what waits; the next one removes it', async () => {
    const victim = kit.process({ docker: { pool: 1 } })
    await run([busybox], 'true')
    runnerId = JSON.parse(await readFile(join(kit.directory, 'data', 'runner.json'), 'utf8')).id
    await ready(1)
    const [one] = await waiting()
    victim.kill('SIGKILL')
    await once(victim, 'exit')

    await eventually(async () => !(await docker.getContainer(one?.Id ?? '').inspect()).State.Running)
    await start(0)
    const task = await run([busybox], 'true')

    expect(kit.server.outcome(task)).toBe('success')
    expect(
      await docker
        .getContainer(one?.Id ?? '')
        .inspect()
        .catch((error) => error.statusCode),
    ).toBe(404)
    expect(await readdir(join(kit.directory, 'data', 'warm'))).toEqual([])
  })
})
