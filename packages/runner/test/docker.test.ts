import { existsSync } from 'node:fs'
import { PlaceInfo } from '@orrery/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { busybox, debian, docker, jobSpec, type Kit, startKit } from './kit.ts'

let kit: Kit
const exposing = 'orrery-test/exposing'
const preserving = 'orrery-test/preserving'

/** The smallest image with one more line in its recipe. */
async function derive(name: string, changes: string[]): Promise<void> {
  const container = await docker.createContainer({ Image: busybox })
  await container.commit({ repo: name, tag: 'latest', changes: changes.join('\n') })
  await container.remove()
}

beforeAll(async () => {
  kit = await startKit()
  await derive(exposing, ['EXPOSE 6379/tcp 53/udp'])
  await derive(preserving, ['LABEL com.circleci.preserve-entrypoint=true', 'ENTRYPOINT ["sleep", "601"]'])
  const imageMap = [{ match: 'cimg/*', image: busybox }]
  const environment = { HTTPS_PROXY: 'http://proxy.test:3128' }
  await kit.runner({ docker: { imageMap, environment, caBundle: '/etc/ssl/certs/ca-certificates.crt' } })
})
afterAll(async () => {
  await kit.close()
  for (const name of [exposing, preserving]) await docker.getImage(name).remove()
})

/** Runs the commands as one job and answers the text of the last step and the outcome. */
async function run(images: Parameters<typeof jobSpec>[0], commands: readonly string[]) {
  const task = kit.server.enqueue(jobSpec(images, commands))
  await kit.server.until(() => kit.server.outcome(task) !== undefined)
  const text = kit.server.log(task, 100 + commands.length)
  return { task, outcome: kit.server.outcome(task), text, spinUp: kit.server.log(task, 0) }
}

/** Waits with what every image has, until a TCP port answers. */
const waitFor = (host: string, port: number) =>
  `n=0; until nc -w 1 ${host} ${port} </dev/null >/dev/null 2>&1; do n=$((n+1)); [ $n -gt 50 ] && exit 9; sleep 0.1; done`
const listener = (port: number, word: string) => ['nc', '-ll', '-p', String(port), '-e', 'echo', word]

describe('a docker place', () => {
  it('runs the steps in an image that holds nothing but busybox, and leaves nothing behind', async () => {
    const { task, outcome, text, spinUp } = await run([busybox], ['echo one', '/orrery/bin/circleci tests glob'])

    expect(outcome).toBe('success')
    expect(text).toBe('helper tests glob\n')
    expect(spinUp).toContain(`Starting container ${busybox}`)
    expect(spinUp).toMatch(/using image \S+@sha256:[0-9a-f]{64}/)
    expect(spinUp).toContain('Storage Driver')
    await kit.gone(task.spec.taskId)
  })

  it('is removed after a failed step as well', async () => {
    const { task, outcome } = await run([busybox], ['exit 3'])

    expect(outcome).toBe('failed')
    await kit.gone(task.spec.taskId)
  })

  it('117, 118: shows the job its limits and holds all containers together to them', async () => {
    const script = [
      'cat /sys/fs/cgroup/memory/memory.limit_in_bytes',
      'cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us',
      'grep ramdisk /proc/mounts',
      'sleep 30',
    ]
    const task = kit.server.enqueue(jobSpec([busybox], [script.join('; ')]))
    await kit.server.until(() => kit.server.log(task, 101).includes('ramdisk'))
    const [primary] = await docker.listContainers({ filters: { label: [`orrery.task=${task.spec.taskId}`] } })
    const info = await docker.getContainer(primary?.Id ?? '').inspect()
    kit.server.cancel(task)

    expect(kit.server.log(task, 101)).toMatch(/^536870912\n100000\ntmpfs \/mnt\/ramdisk tmpfs rw/)
    expect(info.HostConfig.CgroupParent).toMatch(new RegExp(`^/orrery-.+/${task.spec.taskId}$`))
    expect(info.HostConfig.MemorySwap).toBe(536_870_912)
    await kit.gone(task.spec.taskId)
  })

  it('104: lets the kernel kill what all containers together use too much of', async () => {
    const hog = 'dd if=/dev/zero of=/mnt/ramdisk/fill bs=1M count=600; echo survived $?'

    const { task, text } = await run([busybox], [hog])

    expect(text).not.toContain('survived 0')
    await kit.gone(task.spec.taskId)
  })

  it('gives a hostile job no engine socket, no host mount, no device and no token', async () => {
    // Runtimes lay an empty device over what nobody shall read below /proc; it is the host's own with some.
    const script = [
      'find / -xdev -name "docker.sock" 2>/dev/null',
      "grep -v -e '^overlay / ' -e '^proc' -e '^tmpfs' -e '^sysfs' -e '^cgroup' -e '^mqueue' -e '^shm' -e '^devpts' -e '^devtmpfs /proc/[a-z_]* devtmpfs ro,' /proc/mounts | cut -d' ' -f2",
      'mknod /disk b 254 0 2>&1 | grep -o "not permitted"',
      'touch /orrery/x 2>&1 | grep -o "Read-only"',
      'cat /proc/self/environ /proc/1/environ | tr "\\0" "\\n" | grep -i -c token',
      'ls -a /orrery-task/..  | grep -c claim.json',
    ]

    const { task, text } = await run([busybox], [script.join('\n')])

    const lines = text.trim().split('\n').sort()
    const expected = [
      '/etc/hostname',
      '/etc/hosts',
      '/etc/resolv.conf',
      '/orrery',
      '/orrery-ca.pem',
      '/orrery-task',
      '/sbin/docker-init',
    ]
    expect(lines).toEqual([...expected, '0', '0', 'Read-only', 'not permitted'].sort())
    await kit.gone(task.spec.taskId)
  })

  it('runs the agent as the configured user, with sudo-like rights in reach', async () => {
    const { text } = await run([{ image: debian, user: 'nobody' }], ['id -un; grep NoNewPrivs /proc/self/status'])

    expect(text).toMatch(/^nobody\nNoNewPrivs:\s+0\n$/)
  })

  it('maps image names before the pull and says so', async () => {
    const { outcome, spinUp } = await run(['cimg/node:22.1'], ['true'])

    expect(outcome).toBe('success')
    expect(spinUp).toContain(
      `Starting container cimg/node:22.1\n  image mapping of this runner: cimg/node:22.1 -> ${busybox}`,
    )
  })

  it('fails the job when an image cannot be had, without its password in any text', async () => {
    const auth = { username: 'ann', password: 'hunter2-secret' }

    const { task, outcome, spinUp } = await run([{ image: '127.0.0.1:9/private/app:1', auth }], ['true'])

    expect(outcome).toBe('failed')
    expect(task.events.agent).toEqual([])
    expect(task.events.runner.map((event) => event.type)).toEqual(['step.started', 'step.ended', 'task.ended'])
    expect(spinUp).toContain('127.0.0.1:9/private/app:1')
    expect(spinUp + JSON.stringify(task.events)).not.toContain('hunter2')
    await kit.gone(task.spec.taskId)
  })

  it('hands CA bundle and proxy to the place and excepts its own hosts from the proxy', async () => {
    const { text } = await run([busybox], ['cat /orrery-task/place.json; wc -c < /orrery-ca.pem'])

    const [line = '', size] = text.split('}}')
    const { environment } = PlaceInfo.parse(JSON.parse(`${line}}}`))
    expect(environment['NODE_EXTRA_CA_CERTS']).toBe('/orrery-ca.pem')
    expect(environment['HTTPS_PROXY']).toBe('http://proxy.test:3128')
    expect(environment['NO_PROXY']).toBe('localhost,127.0.0.1')
    expect(Number(size)).toBeGreaterThan(1000)
  })
})

const hasNoArm = process.arch === 'x64' && !existsSync('/proc/sys/fs/binfmt_misc/qemu-aarch64')
it.runIf(hasNoArm)('rejects a class of arm processors where there are none', async () => {
  const job = jobSpec([busybox], ['uname -m'])
  const resourceClass = { ...job.resourceClass, name: 'arm.medium', arch: 'arm64' as const }
  const task = kit.server.enqueue({ ...job, resourceClass })
  await kit.server.until(() => kit.server.outcome(task) !== undefined)

  expect(kit.server.outcome(task)).toBe('failed')
  expect(kit.server.log(task, 0)).toMatch(/rejected because the resource class arm\.medium is unavailable: it has arm/)
  expect(task.events.agent).toEqual([])
  await kit.gone(task.spec.taskId)
})

describe('entrypoints', () => {
  it.each([
    { name: 'a configured command runs as main process beside the agent', command: ['sleep', '600'] },
    { name: 'a configured entrypoint takes the command as arguments', entrypoint: ['sleep'], command: ['600'] },
  ])('$name', async ({ name: _, ...keys }) => {
    const { task, outcome, text } = await run([{ image: busybox, ...keys }], ["tr '\\0' ' ' < /proc/1/cmdline; ps"])

    expect(outcome).toBe('success')
    expect(text).toContain('sleep 600')
    await kit.gone(task.spec.taskId)
  })

  it('an image that asks for it keeps its own', async () => {
    const { outcome, text } = await run([preserving], ['ps'])

    expect(outcome).toBe('success')
    expect(text).toContain('sleep 601')
  })

  it('93: fails the job when the configured entrypoint ends while a step runs', async () => {
    const { task, outcome } = await run([{ image: busybox, entrypoint: ['sleep', '1'] }], ['sleep 60'])

    expect(outcome).toBe('failed')
    await kit.gone(task.spec.taskId)
  })

  it('fails the job when the configured entrypoint does not exist', async () => {
    const { task, outcome } = await run([{ image: busybox, entrypoint: ['/no/such'] }], ['true'])

    expect(outcome).toBe('failed')
    await kit.gone(task.spec.taskId)
  })
})

describe('service containers', () => {
  it('94, 102: are reached on localhost, log into their own step, and end as canceled', async () => {
    const service = { image: busybox, command: ['sh', '-c', 'echo serving; exec nc -ll -p 7001 -e echo hello'] }

    const { task, text, outcome } = await run([busybox, service], [`${waitFor('127.0.0.1', 7001)}; nc 127.0.0.1 7001`])
    await kit.gone(task.spec.taskId)

    expect({ outcome, text }).toEqual({ outcome: 'success', text: 'hello\n' })
    expect(task.events.runner).toContainEqual(
      expect.objectContaining({ type: 'step.started', step: 2, name: `Container ${busybox}`, background: true }),
    )
    expect(kit.server.log(task, 2)).toBe('serving\n')
  })

  it('101: reach a server that a step started', async () => {
    const client = `n=0; until nc 127.0.0.1 7002; do n=$((n+1)); [ $n -gt 50 ] && exit 9; sleep 0.1; done`
    const step = 'echo from-step | timeout 10 nc -l -p 7002; sleep 60'
    const task = kit.server.enqueue(jobSpec([busybox, { command: ['sh', '-c', client] }], [step]))

    await kit.server.until(() => task.events.runner.some((event) => event.type === 'step.ended' && event.step === 2))
    kit.server.cancel(task)

    expect(kit.server.log(task, 2)).toContain('from-step')
    await kit.gone(task.spec.taskId)
  })

  it('97, 99: with names have ports of their own and are reached by name from everywhere', async () => {
    const one = { name: 'r1', command: listener(6379, 'one') }
    const two = { name: 'db.internal', command: listener(6379, 'two') }
    const peer = { name: 'peer', command: ['sh', '-c', 'until nc r1 6379; do sleep 0.1; done; sleep 600'] }
    const commands = [
      `${waitFor('r1', 6379)}; ${waitFor('db.internal', 6379)}`,
      'nc r1 6379; nc db.internal 6379; cat /orrery-task/place.json',
    ]

    const task = kit.server.enqueue(
      jobSpec([{ image: busybox, name: 'main' }, one, two, peer], [...commands, 'sleep 60']),
    )
    await kit.server.until(() => kit.server.log(task, 4).includes('one') && kit.server.log(task, 102).includes('}'))
    kit.server.cancel(task)

    expect(kit.server.log(task, 102)).toMatch(/^one\ntwo\n\{"forwards":\[\]/)
    await kit.gone(task.spec.taskId)
  })

  it('98: with a name tell the agent which ports to forward from localhost', async () => {
    const service = { image: exposing, name: 'db', command: ['sleep', '600'] }

    const { task, text } = await run([busybox, service], ['cat /orrery-task/place.json'])

    expect(PlaceInfo.parse(JSON.parse(text)).forwards).toEqual([{ host: 'db', port: 6379 }])
    await kit.gone(task.spec.taskId)
  })

  it.each([
    { name: 'exits early (103)', command: ['sh', '-c', 'echo oops >&2; exit 4'], exitCode: 4, log: 'oops\n' },
    { name: 'cannot start', command: ['/no/such/program'], exitCode: 127, log: '/no/such/program' },
  ])('that $name does not fail the job', async ({ command, exitCode, log }) => {
    const task = kit.server.enqueue(jobSpec([busybox, { command }], ['sleep 60']))
    await kit.server.until(() => task.events.runner.some((event) => event.type === 'step.ended' && event.step === 2))
    expect(kit.server.outcome(task)).toBeUndefined()
    kit.server.cancel(task)
    await kit.gone(task.spec.taskId)

    expect(kit.server.log(task, 2)).toContain(log)
    expect(task.events.runner).toContainEqual(
      expect.objectContaining({ type: 'step.ended', step: 2, status: 'failed', exitCode, insignificant: true }),
    )
  })

  it('refuse a name that could smuggle lines into a hosts file', async () => {
    const { outcome } = await run([busybox, { name: 'a:1.2.3.4\nb' }], ['true'])

    expect(outcome).toBe('failed')
  })
})
