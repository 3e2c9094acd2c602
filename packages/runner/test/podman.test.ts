import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FakeTask } from './fake-server.ts'
import { busybox, eventually, jobSpec, type Kit, startKit } from './kit.ts'
import { type Podman, podmanProgram, startPodman } from './podman.ts'

// The same driver on the other engine that people have: what is different there, and the main ways through.
describe.skipIf(!existsSync(podmanProgram))('a place on Podman', () => {
  let podman: Podman
  let kit: Kit
  const tasks: FakeTask[] = []

  beforeAll(async () => {
    podman = await startPodman([busybox])
    kit = await startKit()
  })
  afterAll(async () => {
    podman?.endHelpers()
    // The next runner's start takes away what was still in use when the last one stopped.
    const last = await runner()
    for (const { spec } of tasks) await kit.gone(spec.taskId)
    await last.stop()
    await kit?.close()
    await podman?.close()
  })

  const runner = () => kit.runner({ docker: { host: podman.host, networkPool: '10.237.0.0/16', pool: 1 } })
  const enqueue = (...job: Parameters<typeof jobSpec>): FakeTask => {
    const task = kit.server.enqueue(jobSpec(...job))
    tasks.push(task)
    return task
  }
  const endOf = (task: FakeTask) => kit.server.until(() => kit.server.outcome(task) !== undefined)
  const containersOf = ({ spec }: FakeTask) =>
    podman.client.listContainers({ all: true, filters: { label: [`orrery.task=${spec.taskId}`] } })
  const gone = (task: FakeTask) => eventually(async () => (await containersOf(task)).length === 0)
  const waitFor = (host: string, port: number) =>
    `n=0; until nc -w 1 ${host} ${port} </dev/null 2>/dev/null | grep hello; do n=$((n+1)); [ $n -gt 50 ] && exit 9; sleep 0.1; done`

  it('runs steps beside services that are reached on localhost and by name, and leaves nothing', async () => {
    const host = await runner()
    const services = [{ command: listener(7001) }, { name: 'db', command: listener(7002) }]
    const task = enqueue(
      [busybox, ...services],
      [
        waitFor('127.0.0.1', 7001),
        waitFor('db', 7002),
        // The name server is asked, not the file of hosts.
        "nslookup db | grep -c '10\\.237\\.'",
        'echo rights; mount -t tmpfs x /mnt',
      ],
    )

    await endOf(task)

    expect(kit.server.log(task, 101)).toBe('hello\n')
    expect(kit.server.log(task, 102)).toBe('hello\n')
    expect(kit.server.log(task, 103)).toMatch(/^[1-9]/)
    expect(kit.server.log(task, 104)).toMatch(/^rights\nmount: .*(denied|permitted)/)
    expect(kit.server.outcome(task)).toBe('failed')
    await gone(task)
    await host.stop({ drain: true })
  })

  it('with an entrypoint of its own ends with its agent, also when its runner is another by then', async () => {
    const first = kit.process({ docker: { host: podman.host, networkPool: '10.237.0.0/16' } })
    const image = { image: busybox, entrypoint: ['sh', '-c', 'trap "exit 3" TERM; while true; do sleep 0.1; done'] }
    const task = enqueue([image], ['until [ -e /go ]; do sleep 0.1; done; echo went'])
    await kit.server.until(() => task.events.agent.length > 0)
    first.kill('SIGKILL')

    const next = await runner()
    const [primary] = await containersOf(task)
    const exec = await podman.client.getContainer(primary?.Id ?? '').exec({ Cmd: ['touch', '/go'] })
    await exec.start({ Detach: true })
    await endOf(task)

    expect(kit.server.outcome(task)).toBe('success')
    expect({ log: kit.server.log(task, 101), epoch: task.epoch }).toEqual({ log: 'went\n', epoch: 1 })
    await gone(task)
    await next.stop({ drain: true })
  })

  it('that is killed ends its task as ours to answer for', async () => {
    const host = await runner()
    const task = enqueue([busybox], ['sleep 600'])
    await kit.server.until(() => task.events.agent.length > 0)
    const [primary] = await containersOf(task)

    await podman.client.getContainer(primary?.Id ?? '').kill()
    await endOf(task)

    expect(kit.server.outcome(task)).toBe('infrastructure_fail')
    await gone(task)
    await host.stop({ drain: true })
  })
})

const listener = (port: number) => ['nc', '-ll', '-p', String(port), '-e', 'echo', 'hello']
