import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientImage, makeClientImage, seed } from '../packages/runner/test/client-image.ts'
import { docker } from '../packages/runner/test/kit.ts'
import { type Registry, startRegistry } from '../packages/runner/test/registry.ts'
import { images, SeenJob, say } from './behaviours/behaviour.ts'
import { Installation } from './kit/installation.ts'
import { jobNamed, untilEnd } from './kit/outcome.ts'

// Behaviours of the docker executor that only agent and runner together show (execution.md A.4, A.5): one workflow.
const foreign = 'orrery-test/foreign'
let installation: Installation
let vault: Registry
let projectId = ''
let removeClientImage: (() => Promise<void>) | undefined
const jobs: Record<string, SeenJob> = {}
const build = 'printf "FROM seed\\nRUN echo built > /made\\n" | docker build -t app - '

/** A service that is built, with a volume and a variable, and one that asks it by its name. */
const composition = {
  version: '3.8',
  services: {
    web: {
      build: '.',
      command: [
        '/bin/sh',
        '-c',
        '/bin/busybox cp /www/index.html /data/note; exec /bin/busybox httpd -f -p 80 -h /www',
      ],
      volumes: ['shared:/data'],
      environment: { TITLE: 'composed' },
    },
    job: { image: 'seed', depends_on: ['web'], command: '/bin/busybox wget -qO- http://web/index.html' },
  },
  volumes: { shared: {} },
}

function config(): object {
  const remote = { docker: [{ image: clientImage }], environment: { DOCKER_BUILDKIT: '0' } }
  const setUp = { setup_remote_docker: {} }
  const layers = { setup_remote_docker: { docker_layer_caching: true } }
  return {
    remote: {
      ...remote,
      steps: [
        'checkout',
        setUp,
        say('build', `${seed}; ${build}; docker run --rm app /bin/busybox cat /made`),
        say('files', 'docker run --rm -v $PWD:/x seed /bin/busybox ls /x'),
        say(
          'copy',
          'docker create --name box seed /bin/busybox cat /n; docker cp note.txt box:/n; docker start -a box',
        ),
        say('ports', 'docker run -d --name web -p 8080:80 seed /bin/busybox nc -ll -p 80 -e /bin/busybox echo web'),
        say('here', 'curl -s localhost:8080 || echo "curl $?"'),
        say('beside', 'docker run --rm --network container:web seed /bin/busybox nc localhost 80'),
        setUp,
        say('twice', 'docker images -q app | wc -l'),
      ],
    },
    compose: {
      ...remote,
      docker: [{ image: 'orrery-test/compose' }],
      steps: [
        'checkout',
        setUp,
        say('up', `${seed}; docker-compose up -d --build web`),
        say('ask', 'docker-compose run --rm job'),
        say(
          'inside',
          'docker-compose exec -T web /bin/busybox cat /data/note; docker-compose exec -T web /bin/busybox env',
        ),
        say('down', 'docker-compose down -v; docker ps -aq; docker volume ls -q; echo nothing else'),
      ],
    },
    own: {
      ...remote,
      environment: { DOCKER_HOST: 'tcp://engine.example:2376' },
      steps: [setUp, say('host', 'echo $DOCKER_HOST')],
    },
    without: { ...remote, steps: [say('ask', 'ls /var/run/docker.sock || docker ps')] },
    unknown: { ...remote, steps: [{ setup_remote_docker: { version: 'docker12' } }, say('after', 'true')] },
    'layers-1': { ...remote, steps: [layers, say('build', `${seed}; ${build}`)] },
    'layers-2': { ...remote, steps: [layers, say('build', `docker ps -aq | wc -l; ${build}`)] },
    memory: { docker: [{ image: images.root }], resource_class: 'small', steps: [say('hog', 'tail /dev/zero')] },
    ramdisk: {
      docker: [{ image: images.root }],
      working_directory: '/mnt/ramdisk',
      steps: ['checkout', say('look', 'pwd; cat note.txt; stat -f -c %T .; touch mine')],
    },
    private: {
      docker: [{ image: `${vault.host}/team/app`, auth: { username: '$REGISTRY_USER', password: '${REGISTRY_KEY}' } }],
      steps: [say('in', 'echo in')],
    },
    wrong: {
      docker: [{ image: `${vault.host}/team/other`, auth: { username: 'ann', password: 'w$REGISTRY_KEY' } }],
      steps: [say('in', 'echo in', { when: 'always' })],
    },
    forwarded: {
      docker: [{ image: images.root }, { image: 'cimg/redis:7.0', name: 'db' }],
      steps: [
        say(
          'ask',
          'until (exec 3<>/dev/tcp/db/6379) 2>/dev/null; do sleep 0.1; done; exec 3<>/dev/tcp/localhost/6379; echo PING >&3; head -n 1 <&3 | tr -d "\\r"',
        ),
      ],
    },
    foreign: { docker: [{ image: foreign }], steps: [say('start', 'true')] },
  }
}

beforeAll(async () => {
  removeClientImage = makeClientImage()
  vault = await startRegistry('ann:sesame-open')
  makeForeignImage()
  installation = await Installation.start({ cancelGraceS: 1 }, 2)
  await installation.server.engine.setContextVariable('registry', 'REGISTRY_USER', 'ann')
  await installation.server.engine.setContextVariable('registry', 'REGISTRY_KEY', 'sesame-open')
  const definitions = config()
  const entries = Object.keys(definitions).map((name) => ({
    [name]: { context: 'registry', ...(name === 'layers-2' ? { requires: ['layers-1'] } : {}) },
  }))
  const text = JSON.stringify({ version: 2.1, jobs: definitions, workflows: { main: { jobs: entries } } })
  const project = await installation.project('docker', {
    'note.txt': 'mine\n',
    'docker-compose.yml': JSON.stringify(composition),
    Dockerfile: 'FROM seed\nCOPY note.txt /www/index.html\n',
    '.circleci/config.yml': text,
  })
  projectId = project.id
  const revision = await project.git('rev-parse', 'HEAD')
  const result = await untilEnd(installation.client, await project.start(revision))
  expect(result.pipeline.errors).toEqual([])
  for (const name of Object.keys(definitions)) {
    jobs[name] = new SeenJob(await jobNamed(installation.client, result, name), installation.client)
  }
}, 240_000)

afterAll(async () => {
  await installation?.[Symbol.asyncDispose]()
  await vault?.close()
  await removeClientImage?.()
  await docker.getImage(foreign).remove({ force: true })
  const { Volumes } = await docker.listVolumes({ filters: { label: [`orrery.layers=${projectId}`] } })
  for (const { Name } of Volumes ?? []) await docker.getVolume(Name).remove()
})

/** An image for another architecture, whose shell is but the head of a program. */
function makeForeignImage(): void {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-foreign-'))
  const head = Buffer.alloc(64)
  head.write('\x7fELF\x02\x01\x01', 'latin1')
  head.writeUInt16LE(2, 16) // a program
  head.writeUInt16LE(183, 18) // for AArch64
  mkdirSync(join(folder, 'bin'))
  writeFileSync(join(folder, 'bin/sh'), head, { mode: 0o755 })
  execFileSync('tar', ['-C', folder, '-cf', join(folder, 'layer.tar'), 'bin'])
  const layer = createHash('sha256')
    .update(readFileSync(join(folder, 'layer.tar')))
    .digest('hex')
  const rootfs = { type: 'layers', diff_ids: [`sha256:${layer}`] }
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ architecture: 'arm64', os: 'linux', config: {}, rootfs }))
  const manifest = [{ Config: 'config.json', RepoTags: [`${foreign}:latest`], Layers: ['layer.tar'] }]
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest))
  const input = execFileSync('tar', ['-C', folder, '-c', 'manifest.json', 'config.json', 'layer.tar'])
  execFileSync('docker', ['load', '-q'], { input })
  rmSync(folder, { recursive: true })
}

function job(name: string): SeenJob {
  const seen = jobs[name]
  if (seen === undefined) throw new Error(`no job ${name}`)
  return seen
}

describe('setup_remote_docker', () => {
  it('122: gives an engine that builds and runs', async () => {
    const remote = job('remote')

    expect(remote.view.status).toBe('success')
    expect(await remote.output('build')).toMatch(/Successfully tagged app:latest\nbuilt\n$/)
    expect(await remote.log('Setup a remote Docker engine')).toMatch(/Docker engine \S+ is ready/)
  })

  it('123: shares no files: those of the job are copied', async () => {
    expect(await job('remote').output('files')).toBe('')
    expect(await job('remote').output('copy')).toMatch(/mine\n$/)
  })

  it('124: shares no ports: containers are reached from beside them', async () => {
    expect(await job('remote').output('here')).toBe('curl 7\n')
    expect(await job('remote').output('beside')).toBe('web\n')
  })

  it('twice in a job is once', async () => {
    expect(await job('remote').output('twice')).toBe('1\n')
  })

  it('is an engine for Docker Compose: builds, names, volumes, and all gone in the end', async () => {
    const compose = job('compose')

    expect(await compose.output('up')).toContain('Successfully tagged project_web:latest')
    expect(await compose.output('ask')).toMatch(/mine\n$/)
    expect(await compose.output('inside')).toMatch(/^mine\n[\s\S]*TITLE=composed$/m)
    expect(await compose.output('down')).toMatch(/Removing volume project_shared\nnothing else\n$/)
    expect(compose.view.status).toBe('success')
  })

  it('stands above what the image says of an engine, and below what the config says', async () => {
    expect(execFileSync('docker', ['inspect', clientImage, '-f', '{{.Config.Env}}']).toString()).toContain(
      'DOCKER_HOST=',
    )
    expect(job('remote').view.status).toBe('success')
    expect(await job('own').output('host')).toBe('tcp://engine.example:2376\n')
  })

  it('112: without it a job has no engine', async () => {
    expect(job('without').view.status).toBe('failed')
    expect(await job('without').output('ask')).toMatch(/No such file[\s\S]*Cannot connect to the Docker daemon/)
  })

  it('130: an unknown version fails the step with the list', async () => {
    expect(job('unknown').ran()).toEqual(['Setup a remote Docker engine failed 1'])
    const list = /docker12" is none of default, edge, previous, docker29, docker28, docker27, docker26, 20.10.24/
    expect(await job('unknown').log('Setup a remote Docker engine')).toMatch(list)
  })
})

describe('docker_layer_caching', () => {
  it('126: a later job of the project builds from the layers of an earlier one, and finds nothing else', async () => {
    expect(await job('layers-1').output('build')).not.toContain('Using cache')
    expect(await job('layers-2').output('build')).toMatch(/^0\n[\s\S]*Using cache/)
  })

  it('127: has steps of its own, before and after all others', async () => {
    const names = job('layers-2').view.tasks[0]?.steps.map(({ name, status }) => `${name}: ${status}`)

    expect(names).toEqual([
      'Spin up environment: success',
      'Preparing environment variables: success',
      'DLC set-up: success',
      'Setup a remote Docker engine: success',
      'build: success',
      'DLC teardown: success',
    ])
    expect(await job('layers-2').log('DLC set-up')).toMatch(/images are cached/)
    expect(await job('layers-2').log('DLC teardown')).toContain('its layers stay for the next job')
  })
})

describe('the docker executor', () => {
  it('104: what the kernel kills for memory ends with 137 and says why', async () => {
    const [step] = job('memory').view.tasks[0]?.steps.filter(({ name }) => name === 'hog') ?? []

    expect(step).toMatchObject({ status: 'failed', exitCode: 137, hint: 'killed: out of memory' })
    expect(await job('memory').output('hog')).toContain('2048 MB of memory (class small)')
  })

  it('111: /mnt/ramdisk is a tmpfs that a job can work in', async () => {
    expect(await job('ramdisk').output('look')).toBe('/mnt/ramdisk\nmine\ntmpfs\n')
  })

  it('98: a named service is reached on localhost too', async () => {
    expect(await job('forwarded').output('ask')).toBe('+PONG\n')
  })

  it('106: auth takes its values from a context', async () => {
    expect(job('private').view.status, await job('private').log('Spin up environment')).toBe('success')
    expect(await job('private').output('in')).toBe('in\n')
  })

  it('107: a wrong password fails step 0 alone, in the registry’s words and without the password', async () => {
    const steps = job('wrong').view.tasks[0]?.steps ?? []

    expect(job('wrong').view.status).toBe('failed')
    expect(steps.map(({ name, status }) => `${name}: ${status}`)).toEqual(['Spin up environment: failed'])
    const log = await job('wrong').log('Spin up environment')
    expect(log).toMatch(/unauthorized|authentication required|no basic auth/i)
    expect(log + JSON.stringify(job('wrong').view)).not.toMatch(/sesame|w\$REGISTRY/)
  })

  it('25: an image for another architecture starts with a warning; its programs do not', async () => {
    expect(await job('foreign').log('Spin up environment')).toContain('built for arm64, this job needs amd64')
    expect(job('foreign').ran()).toEqual(['start failed 126'])
    expect(await job('foreign').output('start')).toContain('cannot be started: it is not for this system')
  })
})
