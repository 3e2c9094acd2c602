import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sizeWithEngine } from '../src/drivers/docker/remote-docker.ts'
import { busybox, debian, docker, jobSpec, type Kit, startKit } from './kit.ts'

type Proof = { file: string; title: string } | { missing: string }

const here = 'packages/runner/test/behaviours.test.ts'
const places = 'packages/runner/test/docker.test.ts'
const whole = 'e2e/docker-executor.test.ts'
const logins = 'packages/engine/src/job-spec/registry-auth.test.ts'

/**
 * The numbered behaviours of execution.md A.4, and of A.5 as far as they are about remote Docker: the file and the words
 * of the title that prove each, or why none does.
 */
const proofs: Record<number, Proof> = {
  91: { file: here, title: 'an entrypoint of the image is ignored' },
  92: { file: here, title: 'a preserved entrypoint that ends fails the job' },
  93: { file: places, title: '93: fails the job when the configured entrypoint ends' },
  94: { file: places, title: '94, 102: are reached on localhost' },
  95: { missing: 'a race that has no fixed outcome' },
  96: { file: here, title: 'a service’s command goes behind the image’s entrypoint' },
  97: { file: places, title: '97, 99: with names have ports of their own' },
  98: { file: whole, title: '98: a named service is reached on localhost too' },
  99: { file: places, title: '97, 99: with names have ports of their own' },
  100: { file: here, title: '100: of two unnamed services on one port' },
  101: { file: places, title: '101: reach a server that a step started' },
  102: { file: places, title: '94, 102: are reached on localhost' },
  103: { file: places, title: 'exits early (103)' },
  104: { file: whole, title: '104: what the kernel kills for memory' },
  105: { file: here, title: 'a configured user replaces the image’s' },
  106: { file: whole, title: '106: auth takes its values from a context' },
  107: { file: whole, title: '107: a wrong password fails step 0 alone' },
  108: { file: 'packages/runner/test/registry-login.test.ts', title: '108: by keys' },
  109: { missing: `not built: needs the identity of the job; ${logins} has the rule` },
  110: { file: 'packages/runner/test/images.test.ts', title: '110: with a digest is exactly that one' },
  111: { file: whole, title: '111: /mnt/ramdisk is a tmpfs' },
  112: { file: whole, title: '112: without it a job has no engine' },
  113: { file: 'packages/runner/test/pool.test.ts', title: '113: is taken by the next job' },
  114: { file: 'packages/runner/test/isolation.test.ts', title: '114: can have user namespaces' },
  115: { missing: 'containers have no user namespace of their own here, so no file owner is too high' },
  116: { file: 'packages/runner/test/lifecycle.test.ts', title: '116: a killed place is drained' },
  117: { file: places, title: '117, 118: shows the job its limits' },
  118: { file: places, title: '117, 118: shows the job its limits' },
  121: { file: 'packages/config/src/cases/steps.test.ts', title: '201 setup_remote_docker on a machine' },
  122: { file: whole, title: '122: gives an engine that builds and runs' },
  123: { file: whole, title: '123: shares no files' },
  124: { file: whole, title: '124: shares no ports' },
  125: { file: here, title: '125: with a remote engine' },
  126: { file: whole, title: '126: a later job of the project' },
  127: { file: whole, title: '127: has steps of its own' },
  128: { missing: 'not built: purge' },
  129: { missing: 'follows from the design: images of the executor are on the host’s engine' },
  130: { file: whole, title: '130: an unknown version fails the step' },
}
const root = join(import.meta.dirname, '../../..')

describe('the list of behaviours', () => {
  it.each(Object.entries(proofs))('%s is proven by a test that exists, or has a reason', (_, proof) => {
    if ('missing' in proof) expect(proof.missing).not.toBe('')
    else expect(readFileSync(join(root, proof.file), 'utf8')).toMatch(titled(proof.title))
  })

  const spec = join(root, '../shared/spec/execution.md')
  it.skipIf(!existsSync(spec))('has every number of the specification’s sections', () => {
    const text = readFileSync(spec, 'utf8')
    const section = text.slice(text.indexOf('### A.4 '), text.indexOf('### A.5 '))
    const numbers = [...section.matchAll(/^(?<number>\d+)\. /gm)].map((match) => Number(match.groups?.['number']))

    expect(numbers.length).toBeGreaterThan(20)
    expect([...numbers, 121, 122, 130].filter((number) => proofs[number] === undefined)).toEqual([])
  })
})

/** In the title of a test, or in the name of a case of a table. */
function titled(title: string): RegExp {
  return new RegExp(`(?:\\bit\\(|\\]\\)\\(|name: )'${title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`)
}

let kit: Kit
const made: string[] = []
async function derive(name: string, changes: string[], from = busybox): Promise<string> {
  const container = await docker.createContainer({ Image: from })
  await container.commit({ repo: name, tag: 'latest', changes: changes.join('\n') })
  await container.remove()
  made.push(name)
  return name
}
beforeAll(async () => {
  kit = await startKit()
  await derive('orrery-test/false', ['ENTRYPOINT ["false"]'])
  await derive('orrery-test/kept-false', ['LABEL com.circleci.preserve-entrypoint=true', 'ENTRYPOINT ["false"]'])
  await derive('orrery-test/listener', ['ENTRYPOINT ["nc", "-ll", "-p", "7401"]', 'CMD ["-e", "echo", "default"]'])
  await derive('orrery-test/nobody', ['USER 65534'], debian)
  await kit.runner({ docker: { pool: 1 } })
})
afterAll(async () => {
  await kit.close()
  for (const name of made) await docker.getImage(name).remove({ force: true })
})

type Images = Parameters<typeof jobSpec>[0]
const ask = (port: number) =>
  `n=0; until nc localhost ${port} 2>/dev/null; do n=$((n+1)); [ $n -gt 50 ] && exit 9; sleep 0.1; done`
const waiting = (word: string) => ({ command: ['nc', '-ll', '-p', '7402', '-e', 'echo', word] })

describe('behaviour', () => {
  it.each<{ number: number; name: string; images: Images; command: string; outcome: string; text: RegExp }>([
    {
      number: 91,
      name: 'an entrypoint of the image is ignored',
      images: ['orrery-test/false'],
      command: 'echo ran',
      outcome: 'success',
      text: /^ran\n$/,
    },
    {
      number: 92,
      name: 'a preserved entrypoint that ends fails the job',
      images: ['orrery-test/kept-false'],
      command: 'sleep 60',
      outcome: 'failed',
      text: /^$/,
    },
    {
      number: 96,
      name: 'a service’s command goes behind the image’s entrypoint',
      images: [busybox, { image: 'orrery-test/listener', command: ['-e', 'echo', 'own'] }],
      command: ask(7401),
      outcome: 'success',
      text: /^own\n$/,
    },
    {
      number: 105,
      name: 'a configured user replaces the image’s',
      images: [{ image: 'orrery-test/nobody', user: 'root' }],
      command: 'id -u',
      outcome: 'success',
      text: /^0\n$/,
    },
  ])('$number: $name', async ({ images, command, outcome, text }) => {
    const task = kit.server.enqueue(jobSpec(images, [command]))
    await kit.server.until(() => kit.server.outcome(task) !== undefined)
    await kit.gone(task.spec.taskId)

    expect({ outcome: kit.server.outcome(task), text: kit.server.log(task, 101) }).toEqual({
      outcome,
      text: expect.stringMatching(text),
    })
  })

  it('100: of two unnamed services on one port the second says so, and the job goes on', async () => {
    const task = kit.server.enqueue(jobSpec([busybox, waiting('a'), waiting('b')], [ask(7402), 'echo on']))
    await kit.server.until(() => kit.server.outcome(task) !== undefined)
    await kit.gone(task.spec.taskId)

    expect(kit.server.outcome(task)).toBe('success')
    expect(kit.server.log(task, 2) + kit.server.log(task, 3)).toMatch(/in use/i)
  })

  it.each([
    { asked: { name: 'small', vcpus: 1, memoryMb: 2048 }, bytes: 4096 },
    { asked: { name: 'medium+', vcpus: 3, memoryMb: 6144 }, bytes: 8192 },
    { asked: { name: 'medium+.gen2', vcpus: 3, memoryMb: 6144 }, bytes: 8192 },
    { asked: { name: 'medium', vcpus: 2, memoryMb: 4096 }, bytes: 4096 },
  ])('125: with a remote engine $asked.name has the size of the mapped class', ({ asked, bytes }) => {
    const step = { kind: 'setup_remote_docker' as const, name: 'docker', dockerLayerCaching: false, origin: [] }

    expect(sizeWithEngine({ steps: [step], resourceClass: { ...asked, arch: 'amd64' } }).memoryMb).toBe(bytes)
    expect(sizeWithEngine({ steps: [], resourceClass: { ...asked, arch: 'amd64' } }).memoryMb).toBe(asked.memoryMb)
  })
})
