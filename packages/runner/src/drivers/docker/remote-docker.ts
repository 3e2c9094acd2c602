import { constants } from 'node:fs'
import { chmod, link, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  dockerResourceClasses,
  type JobSpec,
  OrreryError,
  placePaths,
  type RemoteDockerAnswer,
  type ResourceClass,
} from '@orrery/protocol'
import Docker from 'dockerode'
import type { PlaceRequest, RemoteDocker } from '../driver.ts'
import { unlessGone } from './client.ts'
import type { Engine } from './engine.ts'
import { engineVersion, knownVersions } from './engine-version.ts'
import { prepareImage } from './images.ts'
import { withLayers } from './layer-volumes.ts'
import type { TaskContainers } from './places.ts'
import { remoteDockerOptions } from './remote-docker-options.ts'

/** Jobs with an engine are at least this large: both share one limit. */
const larger: Readonly<Record<string, string>> = {
  small: 'medium',
  'medium+': 'large',
  'medium+.gen2': 'large.gen2',
}
/** How long an engine may take from its start to its first answer, ms. */
const patienceMs = 60_000
/** How long it may take to stop, s: what it has not written by then is lost. */
const stopPatienceS = 10
/** How long one answer of it may take, ms. */
const answerPatienceMs = 10_000

interface Started {
  id: string
  cachesLayers: boolean
  answer: RemoteDockerAnswer
}

/** The class of a job; with a step that asks for an engine, the one that the documented mapping gives it. */
export function sizeWithEngine({ steps, resourceClass }: Pick<JobSpec, 'steps' | 'resourceClass'>): ResourceClass {
  if (!steps.some(({ kind }) => kind === 'setup_remote_docker')) return resourceClass
  return dockerResourceClasses.get(larger[resourceClass.name] ?? '') ?? resourceClass
}

/**
 * The engine of one task (decision 031): a rootless dockerd in a container without rights, on the task's own bridge.
 * Its only way in is a unix socket in the task's directory. Nothing of the job's is mounted into it, so paths in
 * `docker run -v` mean the engine's own files.
 */
export function createRemoteDocker(engine: Engine, request: PlaceRequest, made: TaskContainers): RemoteDocker {
  let running: Promise<Started> | undefined
  return {
    /** The first call decides; later ones get the same engine. */
    async start(wanted) {
      const major = engineVersion(wanted.version)
      if (engine.settings.remoteDocker === 'forbidden') {
        throw new OrreryError('ORY_BAD_REQUEST', ['this runner does not allow remote Docker engines'])
      }
      if (major === undefined) {
        const given = JSON.stringify(wanted.version)
        throw new OrreryError('ORY_BAD_REQUEST', [`the version ${given} is none of ${knownVersions}`])
      }
      running ??= startEngine(engine, request, made, major, wanted.dockerLayerCaching)
      return (await running).answer
    },
    /** From outside: by now the job may have put anything in the place of the engine's socket. */
    async end() {
      const started = await running?.catch(() => undefined)
      if (started === undefined) return { text: 'There is no remote Docker engine.\n' }
      await unlessGone(engine.docker.getContainer(started.id).stop({ t: stopPatienceS }))
      const kept = started.cachesLayers ? 'its layers stay for the next job of this project' : 'nothing of it stays'
      return { text: `The remote Docker engine is stopped; ${kept}\n` }
    },
  }
}

async function startEngine(
  engine: Engine,
  { spec, taskDirectory, privateDirectory }: PlaceRequest,
  made: TaskContainers,
  major: string,
  cachesLayers: boolean,
): Promise<Started> {
  const { docker, runnerId } = engine
  const lines: string[] = []
  const image = await prepareImage(
    engine.images,
    { image: `orrery/remote-docker:${major}`, environment: {} },
    spec.resourceClass.arch,
    (text) => lines.push(text),
    new AbortController().signal,
  )
  if (made.namespace === undefined || spec.executor.type !== 'docker') throw new Error('the place has no network')
  const directory = join(privateDirectory, 'engine')
  await mkdir(directory, { recursive: true })
  await chmod(directory, 0o755)
  const namespace = made.namespace
  const index = spec.executor.images.length
  const parentId = made.warm?.placeId ?? spec.taskId
  const cgroupParent = engine.sharesCgroups ? await engine.cgroups.create(parentId, sizeWithEngine(spec)) : undefined
  const { taskId } = spec
  const { settings } = engine
  const create = (volume?: string) => {
    const plan = {
      runnerId,
      taskId,
      image,
      namespace,
      index,
      directory,
      volume,
      cgroupParent,
      settings,
    }
    return docker.createContainer(remoteDockerOptions(plan))
  }
  const container = await (cachesLayers ? withLayers(engine, spec, create) : create())
  await container.start()
  const handle = await open(directory)
  try {
    const socket = `/proc/self/fd/${handle.fd}/docker.sock`
    const { version, images } = await firstAnswer(socket, docker, container.id)
    if (cachesLayers)
      lines.push(`Docker layer caching: ${images === 0 ? 'nothing is' : `${images} images are`} cached\n`)
    // A name in the job's directory, made by us and never followed; the engine's own directory is not the job's.
    await link(socket, join(taskDirectory, 'docker.sock'))
    lines.push(`Docker engine ${version} is ready: rootless, on a network of this job alone\n`)
    const served = major.split('.')[0]
    if (version.split('.')[0] !== served) lines.push(`  this runner has no engine of version ${major}\n`)
    const answer = { host: `unix://${placePaths.task}/docker.sock`, text: lines.join('') }
    return { id: container.id, cachesLayers, answer }
  } finally {
    await handle.close()
  }
}

async function firstAnswer(path: string, outer: Docker, id: string): Promise<{ version: string; images: number }> {
  const end = performance.now() + patienceMs
  for (;;) {
    try {
      return await ask(path)
    } catch (error) {
      const { State } = await outer.getContainer(id).inspect()
      if (!State.Running) throw new Error(`the engine ended with code ${State.ExitCode} before it was ready`)
      if (performance.now() > end) throw new Error('the engine did not become ready', { cause: error })
    }
    await delay(50)
  }
}

/** Opens a name without following it and without opening what it names. Node has no constant for it. */
const O_PATH = 0x200000

/**
 * The directory belongs to the engine's user, so to whatever ran there before us: a link in the socket's place would
 * lead to another socket of this host, the host's own engine for one. So the very thing that was looked at is connected
 * to, which also keeps the address short.
 */
async function ask(path: string): Promise<{ version: string; images: number }> {
  const socket = await open(path, O_PATH | constants.O_NOFOLLOW)
  try {
    if (!(await socket.stat()).isSocket()) throw new Error('there is no socket yet')
    const inner = new Docker({ socketPath: `/proc/self/fd/${socket.fd}`, timeout: answerPatienceMs })
    const [{ Version }, images] = [await inner.version(), await inner.listImages()]
    return { version: Version, images: images.length }
  } finally {
    await socket.close()
  }
}
