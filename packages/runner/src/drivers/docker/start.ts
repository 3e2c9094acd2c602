import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ImageSpec, OrreryError, type PlaceInfo } from '@orrery/protocol'
import type { Place, PlaceRequest } from '../driver.ts'
import { agentLine } from './agent-line.ts'
import { checkArchitecture } from './architecture.ts'
import type { TaskBelongings } from './belongings.ts'
import { engineMessage, engineStatus, isEngineAway } from './client.ts'
import {
  type ContainerPlan,
  installationVariables,
  primaryOptions,
  primaryProcess,
  serviceOptions,
  shield,
  shieldedOf,
} from './containers.ts'
import type { Engine } from './engine.ts'
import { entrypointEnded } from './exits.ts'
import { forwardsOf } from './forwards.ts'
import { prepareImage, type ReadyImage } from './images.ts'
import { checkNames, planNetwork } from './network.ts'
import { placeFiles, writePlaceFiles } from './place-files.ts'
import { makePlace, type TaskContainers } from './places.ts'
import { createRemoteDocker, sizeWithEngine } from './remote-docker.ts'
import { labels } from './settings.ts'
import { removeTask } from './sweep.ts'
import type { WarmPlace, WarmRecipe } from './warm.ts'
import { giveToTask } from './warm-place.ts'

/**
 * Makes the place of one task: images, namespace, primary container with the agent, then the services beside it. A
 * primary that was started ahead is taken where there is one. What can overlap does: images are prepared in parallel,
 * services are created while the primary starts, and start together.
 */
export async function startPlace(engine: Engine, request: PlaceRequest): Promise<Place> {
  const { spec, signal } = request
  if (spec.executor.type !== 'docker') throw new Error(`the docker driver cannot make a ${spec.executor.type} place`)
  const images = spec.executor.images
  const belongings: TaskBelongings = { taskId: spec.taskId, namespace: undefined }
  engine.places.add(spec.taskId)
  try {
    checkArchitecture(engine.machine, spec.resourceClass)
    checkNames(images)
    const ready = await prepareImages(engine, request, images)
    signal.throwIfAborted()
    const made = await makeContainers(engine, request, images, ready, belongings)
    signal.throwIfAborted()
    return makePlace(engine, made, createRemoteDocker(engine, request, made))
  } catch (error) {
    await giveUp(engine, belongings)
    if (isEngineAway(error)) throw new OrreryError('ORY_ENGINE_MISSING', [engineMessage(error)], { cause: error })
    throw error
  }
}

/** With an engine that is gone nothing can be removed: the sweep at its return takes what is nobody's by then. */
async function giveUp(engine: Engine, belongings: TaskBelongings): Promise<void> {
  try {
    await removeTask(engine, belongings)
  } catch (error) {
    if (!isEngineAway(error)) throw error
    engine.places.delete(belongings.taskId)
    if (belongings.namespace !== undefined) engine.namespaces.forget(belongings.namespace)
    if (belongings.warm !== undefined) engine.warm.forget(belongings.warm.placeId)
  }
}

/** Each image's lines stay together in the log, in the order of the config. */
async function prepareImages(
  engine: Engine,
  request: PlaceRequest,
  images: readonly ImageSpec[],
): Promise<ReadyImage[]> {
  const { spec, log, signal } = request
  const looks = engine.images.looks.get(spec)
  // Good once: whoever tries again asks again.
  engine.images.looks.delete(spec)
  const held = images.map((): string[] => [])
  let speaking = 0
  const say = (index: number) => (text: string) => {
    if (index === speaking) log(text)
    else held[index]?.push(text)
  }
  const finish = (index: number) => {
    if (index !== speaking) return
    speaking += 1
    for (const text of held[speaking]?.splice(0) ?? []) log(text)
    if (done.has(speaking)) finish(speaking)
  }
  const done = new Set<number>()
  const work = images.map(async (image, index) => {
    const ready = await prepareImage(engine.images, image, spec.resourceClass.arch, say(index), signal, looks)
    done.add(index)
    finish(index)
    return ready
  })
  // All of them end before anything is removed: a pull that runs on would bring back what the clean-up took away.
  const results = await Promise.allSettled(work)
  const failed = results.find((result) => result.status === 'rejected')
  for (const texts of held) for (const text of texts.splice(0)) log(text)
  if (failed !== undefined) throw failed.reason
  return await Promise.all(work)
}

/** `belongings` learns at once what has to be removed again. */
async function makeContainers(
  engine: Engine,
  request: PlaceRequest,
  images: readonly ImageSpec[],
  ready: readonly ReadyImage[],
  belongings: TaskBelongings,
): Promise<TaskContainers> {
  const { spec, taskDirectory, signal } = request
  const { docker, runnerId, settings, starts, runtimeDirectory, hasInit, seccomp } = engine
  const { taskId } = spec
  const resourceClass = sizeWithEngine(spec)
  const recipe = warmRecipe(images, ready, resourceClass)
  const warm = recipe && engine.warm.take(recipe)
  if (warm !== undefined) {
    belongings.namespace = warm.namespace
    belongings.warm = { placeId: warm.id, containerId: warm.containerId }
  } else belongings.namespace = await engine.namespaces.take(images.length)
  const network = planNetwork(engine, belongings.namespace, images)
  const directory = warm?.directory ?? request.privateDirectory
  writePlaceInfo(engine, taskDirectory, images, ready)
  const [cgroupParent, files] = await Promise.all([
    warm !== undefined || !engine.sharesCgroups ? warm?.cgroupParent : engine.cgroups.create(taskId, resourceClass),
    // A place that was started ahead has them mounted; names are all that is new.
    warm !== undefined && network.hosts.length === 0 ? placeFiles(directory) : writePlaceFiles(directory, network),
  ])
  const plan: ContainerPlan = {
    runnerId,
    owner: { kind: 'task', taskId },
    resourceClass,
    images,
    ready,
    runtimeDirectory,
    taskDirectory,
    settings,
    starts,
    network,
    files,
    cgroupParent,
    hasInit,
    seccomp,
  }
  signal.throwIfAborted()
  const made = warm === undefined ? await startPrimary(engine, plan) : takePrimary(warm, request, images.length)
  if (recipe !== undefined) engine.warm.used(recipe)
  const services = await made.beside(() =>
    Promise.all(images.slice(1).map((_, index) => docker.createContainer(serviceOptions(plan, index + 1)))),
  )
  const exec = made.agent === 'exec' ? { id: await startBeside(engine, made.id, images, ready) } : undefined
  // A service that cannot start does not fail the job; its own step tells why (spec: execution.md 2.4).
  await Promise.all(services.map((service) => service.start().catch(() => undefined)))
  if (warm === undefined) await checkParent(engine, taskId, cgroupParent, made.id)
  return {
    ...belongings,
    primaryId: made.id,
    ...(exec === undefined ? {} : { exec }),
    services: services.map(({ id }, index) => ({ id, image: images[index + 1]?.image ?? '' })),
  }
}

interface Primary {
  id: string
  agent: 'main' | 'exec'
  /** Runs work while the primary starts; answers when both are done. */
  beside<T>(work: () => Promise<T>): Promise<T>
}

/** Only an agent that is the main process can wait: an entrypoint of the user's own would have begun its work. */
function warmRecipe(
  images: readonly ImageSpec[],
  ready: readonly ReadyImage[],
  resourceClass: WarmRecipe['resourceClass'],
): WarmRecipe | undefined {
  const [image] = images
  const [first] = ready
  if (image === undefined || first === undefined || primaryProcess(image, first).agent !== 'main') return undefined
  return { image, ready: first, resourceClass }
}

async function startPrimary(engine: Engine, plan: ContainerPlan): Promise<Primary> {
  const options = primaryOptions(plan)
  const primary = await engine.docker.createContainer(options)
  const started = blamed(primary.start())
  started.catch(() => undefined)
  return {
    id: primary.id,
    agent: options.Labels?.[labels.agent] === 'exec' ? 'exec' : 'main',
    async beside(work) {
      const [result] = await Promise.all([work(), started])
      return result
    },
  }
}

function takePrimary(warm: WarmPlace, { spec, taskDirectory, answerAt }: PlaceRequest, containers: number): Primary {
  giveToTask(warm, { taskId: spec.taskId, mount: taskDirectory, containers }, answerAt)
  return { id: warm.containerId, agent: 'main', beside: (work) => work() }
}

/** A process that the engine refuses to start (no such file, wrong user) is the config's or the image's fault. */
async function blamed<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const status = engineStatus(error)
    const message = engineMessage(error)
    const isUnknownUser = /unable to find user|no matching entries in passwd|unable to find group/i.test(message)
    // The namespace is ours: who removed its holder in between took it from the job.
    const isOurs = /cannot join network|No such container/i.test(message)
    if ((status !== 400 && status !== 404 && status !== 409 && !isUnknownUser) || isOurs) throw error
    throw new OrreryError('ORY_BAD_REQUEST', [`the primary container did not start: ${message}`])
  }
}

/**
 * Starts the agent beside the main process that the config or the image asked for. That process may have ended already;
 * what the engine says then depends on the moment, so its state is asked.
 */
async function startBeside(
  engine: Engine,
  primaryId: string,
  images: readonly ImageSpec[],
  ready: readonly ReadyImage[],
): Promise<string> {
  const container = engine.docker.getContainer(primaryId)
  const user = images[0]?.user
  try {
    const exec = await container.exec({
      Cmd: agentLine('run', engine.starts.snapshot),
      Env: shield(ready[0]),
      ...(user === undefined ? {} : { User: user }),
    })
    await exec.start({ Detach: true })
    return exec.id
  } catch (error) {
    const { State } = await container.inspect()
    if (State.Running) throw error
    throw new OrreryError('ORY_BAD_REQUEST', [entrypointEnded(State.ExitCode)], { cause: error })
  }
}

/** The engine may live elsewhere and have made a cgroup of its own with our name: then ours limits nothing. */
async function checkParent(engine: Engine, taskId: string, parent: string | undefined, id: string): Promise<void> {
  if (parent === undefined || engine.cgroups.holds(taskId, id)) return
  const { State } = await engine.docker.getContainer(id).inspect()
  if (!State.Running) return
  engine.sharesCgroups = false
  await engine.cgroups.remove(taskId)
}

/** At once: the way through the thread pool would take longer than the call, and a job waits. */
function writePlaceInfo(
  engine: Engine,
  taskDirectory: string,
  images: readonly ImageSpec[],
  ready: readonly ReadyImage[],
): void {
  const forwards = forwardsOf(
    images,
    ready.map(({ ports }) => ports),
  )
  const info: PlaceInfo = {
    forwards,
    environment: installationVariables(engine.settings, images),
    imageEnvironment: shieldedOf(ready[0]),
  }
  writeFileSync(join(taskDirectory, 'place.json'), JSON.stringify(info), { mode: 0o644 })
}
