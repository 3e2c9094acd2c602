import { createServer } from 'node:http'
import { join } from 'node:path'
import type { JobSpec } from '@orrery/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientImage, makeClientImage, remoteEngine, seed } from './client-image.ts'
import { docker, jobSpec, type Kit, startKit } from './kit.ts'

let kit: Kit
let removeClientImage: () => Promise<void>

beforeAll(async () => {
  removeClientImage = makeClientImage()
  kit = await startKit()
  await kit.runner({ docker: { imageMap: [{ match: 'orrery/remote-docker:*', image: remoteEngine }] } })
})
afterAll(async () => {
  const { Volumes } = await docker.listVolumes({ filters: { label: ['orrery.layers'] } })
  await kit.close()
  for (const { Name } of Volumes ?? []) if (projects.has(labelOf(Name, Volumes))) await docker.getVolume(Name).remove()
  await removeClientImage()
})
const projects = new Set<string>()
function labelOf(
  name: string,
  volumes: readonly { Name: string; Labels: Record<string, string> | null }[] | null,
): string {
  return (volumes ?? []).find(({ Name }) => Name === name)?.Labels?.['orrery.layers'] ?? ''
}

const setUp = (version = 'default', dockerLayerCaching = false) =>
  `curl -sS --unix-socket /orrery-task/gateway.sock -d '${JSON.stringify({ version, dockerLayerCaching })}' http://place/place/remote-docker; echo`
const end = 'curl -sS --unix-socket /orrery-task/gateway.sock -d "{}" http://place/place/remote-docker/end; echo'
const use = 'export DOCKER_HOST=unix:///orrery-task/docker.sock DOCKER_BUILDKIT=0'

async function run(commands: readonly string[], projectId?: string, layers?: JobSpec['layers']) {
  const job = jobSpec([clientImage], [commands.join('\n')])
  const spec = { ...job, ...(projectId === undefined ? {} : { projectId }), ...(layers && { layers }) }
  if (projectId !== undefined) projects.add(projectId)
  const larger = { ...spec.resourceClass, memoryMb: 2048, vcpus: 2 }
  const task = kit.server.enqueue({ ...spec, resourceClass: larger })
  await kit.server.until(() => kit.server.outcome(task) !== undefined)
  await kit.gone(task.spec.taskId)
  return { text: kit.server.log(task, 101), outcome: kit.server.outcome(task) }
}

// What it is for is shown by e2e/docker-executor.test.ts; here: its bounds.
describe('a remote Docker engine', () => {
  it('lets nobody out: a container inside with every right has no right over this host', async () => {
    const { text } = await run([
      setUp(),
      use,
      seed,
      'docker info --format "{{.SecurityOptions}}"',
      'docker run --rm --cap-add ALL --security-opt seccomp=unconfined -v /:/host seed /bin/busybox sh -c "mknod /d b 254 0 2>&1; echo mknod \\$?; dd if=/d of=/dev/null count=1 2>&1; echo dd \\$?; /bin/busybox cat /host/var/lib/orrery-engine/pid 2>&1; echo host \\$?; echo 1 > /proc/sys/kernel/panic; echo sysctl \\$?; /bin/busybox hostname"',
    ])

    expect(text).toContain('name=rootless')
    expect(text).toMatch(/^mknod [1-9]/m)
    expect(text).toMatch(/^dd [1-9]/m)
    expect(text).toMatch(/^host [1-9]/m)
    expect(text).toMatch(/sysctl [1-9]/)
  })

  it('ends in good order before its job does, and can be asked to again', async () => {
    const { text } = await run([setUp(), use, seed, end, 'docker ps 2>&1 | grep -o "Cannot connect"', end])

    expect(text).toMatch(/is stopped; nothing of it stays[\s\S]*\nCannot connect\n[\s\S]*is stopped/)
  })

  it('runs nothing of an earlier job: a link in its socket’s place leads the runner nowhere', async () => {
    const project = '33333333-3333-4333-8333-333333333333'
    const asked: string[] = []
    const trap = createServer((request, response) => {
      asked.push(String(request.url))
      response.end('{}')
    }).listen(join(kit.directory, 'trap.sock'))
    await run(
      [
        setUp('default', true),
        use,
        seed,
        `docker run -d --restart always -v /orrery-engine:/e seed /bin/busybox sh -c '/bin/busybox ln -sf ${kit.directory}/trap.sock /e/docker.sock; exec /bin/busybox sleep 600' >/dev/null`,
      ],
      project,
    )

    const { text } = await run(
      [setUp('default', true), use, 'docker ps -aq | wc -l; docker images -q | wc -l'],
      project,
    )
    trap.close()

    expect(asked).toEqual([])
    expect(text).toMatch(/\n0\n1\n$/)
  })

  it('keeps layers for the project, when asked, and nothing else (126)', async () => {
    const project = '11111111-1111-4111-8111-111111111111'
    const build =
      'cd /tmp && printf "FROM seed\\nRUN echo slow > /made\\n" > Dockerfile && docker build -t app . | grep -c "Using cache"'
    const first = await run(
      [
        setUp('default', true),
        use,
        seed,
        build,
        'docker run -d --name left seed /bin/busybox sleep 600',
        'docker network create left-net; docker volume create left-volume',
      ],
      project,
    )
    const second = await run(
      [
        setUp('default', true),
        use,
        build,
        'docker ps -aq | wc -l; docker network ls | grep -c left; docker volume ls -q | wc -l',
      ],
      project,
    )
    const other = await run(
      [setUp('default', true), use, 'docker images -q | wc -l'],
      '22222222-2222-4222-8222-222222222222',
    )

    expect(first.text).toContain('nothing is cached')
    expect(second.text).toMatch(/\n1\n0\n0\n0\n$/)
    expect(other.text).toMatch(/\n0\n$/)
  })

  it('gives nobody layers that were purged, or that a fork left (128)', async () => {
    const project = '44444444-4444-4444-8444-444444444444'
    const fork = { generation: 0, scope: 'fork:eve/app' }
    const own = { generation: 0, scope: '' }
    const count = [setUp('default', true), use, 'docker images -q | wc -l']
    await run([setUp('default', true), use, seed], project, fork)

    expect((await run([...count, seed], project, own)).text).toMatch(/\n0\n/)
    expect((await run(count, project, own)).text).toMatch(/\n1\n$/)
    expect((await run(count, project, { ...own, generation: 1 })).text).toMatch(/\n0\n$/)

    const { Volumes } = await docker.listVolumes({ filters: { label: [`orrery.layers=${project}`] } })
    expect(Volumes?.map(({ Labels }) => Labels?.['orrery.layers.generation'])).toEqual(['1'])
  })
})

it('keeps no unused layers on a disk that is nearly full', async () => {
  const own = await startKit()
  const project = '55555555-5555-4555-8555-555555555555'
  projects.add(project)
  try {
    const imageMap = [{ match: 'orrery/remote-docker:*', image: remoteEngine }]
    await own.runner({ docker: { imageMap, layers: { freeBytes: Number.MAX_SAFE_INTEGER } } })
    const texts: string[] = []
    for (let count = 0; count < 2; count++) {
      const job = jobSpec([clientImage], [[setUp('default', true), use, seed].join('\n')])
      const resourceClass = { ...job.resourceClass, memoryMb: 2048, vcpus: 2 }
      const task = own.server.enqueue({ ...job, projectId: project, resourceClass })
      await own.server.until(() => own.server.outcome(task) !== undefined)
      await own.gone(task.spec.taskId)
      texts.push(own.server.log(task, 101))
    }

    expect(texts.map((text) => text.includes('nothing is cached'))).toEqual([true, true])
    const { Volumes } = await docker.listVolumes({ filters: { label: [`orrery.layers=${project}`] } })
    expect(Volumes).toHaveLength(1)
  } finally {
    await own.close()
  }
})

it('is refused where the operator forbids it', async () => {
  const own = await startKit()
  try {
    await own.runner({ docker: { remoteDocker: 'forbidden' } })
    const task = own.server.enqueue(jobSpec([clientImage], [setUp()]))
    await own.server.until(() => own.server.outcome(task) !== undefined)
    await own.gone(task.spec.taskId)

    expect(own.server.log(task, 101)).toContain('does not allow remote Docker engines')
  } finally {
    await own.close()
  }
})
