import type Docker from 'dockerode'
import type { Place } from '../driver.ts'
import { agentLine } from './agent-line.ts'
import type { TaskBelongings } from './belongings.ts'
import { engineStatus } from './client.ts'
import type { Engine } from './engine.ts'
import { foundNamespace, type Namespace } from './namespace.ts'
import { makePlace } from './places.ts'
import { labels } from './settings.ts'
import { removeTask } from './sweep.ts'
import { takenBy } from './warm-place.ts'

interface Found {
  taskId: string
  /** Number of containers that the task has when it is complete. */
  count: number
  containers: Docker.ContainerInfo[]
}

/**
 * Finds the places of this runner that outlived it. One that was not finished (the agent never started, services
 * missing) is no place: its containers go at once, and its task is given back or ended.
 */
export async function adoptPlaces(engine: Engine): Promise<Place[]> {
  const filters = { label: [`${labels.runner}=${engine.runnerId}`] }
  const containers = await engine.docker.listContainers({ all: true, filters })
  const tasks = await groupByTask(engine, containers)
  const places = await Promise.all(tasks.map((found) => adoptTask(engine, found, containers)))
  return places.filter((place) => place !== undefined)
}

async function groupByTask(engine: Engine, containers: readonly Docker.ContainerInfo[]): Promise<Found[]> {
  const tasks = new Map<string, Found>()
  for (const container of containers) {
    const placeId = container.Labels[labels.warm]
    const taken = placeId === undefined ? undefined : await takenBy(engine, placeId)
    const taskId = taken?.taskId ?? container.Labels[labels.task]
    if (taskId === undefined || container.Labels[labels.engine] !== undefined) continue
    const found = tasks.get(taskId) ?? { taskId, count: 0, containers: [] }
    tasks.set(taskId, found)
    found.containers.push(container)
    if (indexOf(container) === 0) found.count = taken?.containers ?? Number(container.Labels[labels.count])
  }
  return [...tasks.values()]
}

async function adoptTask(
  engine: Engine,
  { taskId, count, containers }: Found,
  all: readonly Docker.ContainerInfo[],
): Promise<Place | undefined> {
  const [primary, ...services] = containers.toSorted((a, b) => indexOf(a) - indexOf(b))
  const belongings: TaskBelongings = { taskId, namespace: await namespaceOf(engine, primary, all), ...warmOf(primary) }
  if (primary === undefined || indexOf(primary) !== 0) return await discard(engine, belongings)

  const { State, ExecIDs } = await inspectPrimary(engine.docker, primary.Id)
  const wasStarted = State.Status !== 'created' && !State.StartedAt.startsWith('0001-')
  const runsBeside = primary.Labels[labels.agent] === 'exec'
  if (!wasStarted || containers.length < count) return await discard(engine, belongings)

  // Created, but the runner was killed before it came to start them. Those that cannot start say so in their step.
  const waiting = services.filter((service) => service.State === 'created')
  await Promise.all(
    waiting.map(({ Id }) =>
      engine.docker
        .getContainer(Id)
        .start()
        .catch(() => undefined),
    ),
  )
  return makePlace(engine, {
    ...belongings,
    primaryId: primary.Id,
    ...(runsBeside
      ? { exec: { id: engine.seesExecsEnd ? await agentExec(engine.docker, ExecIDs ?? []) : undefined } }
      : {}),
    services: services.map(({ Id, Labels }) => ({ id: Id, image: Labels[labels.image] ?? '' })),
  })
}

/**
 * What was started as the agent, among all that runs or ran beside the main process: health checks and what people start
 * by hand are listed too, in no order. None when the engine was restarted since.
 */
async function agentExec(docker: Docker, ids: readonly string[]): Promise<string | undefined> {
  const lines = await Promise.all(ids.map((id) => lineOfExec(docker, id)))
  // Either way: the runner that started it may have chosen another.
  const wanted = [true, false].map((snapshot) => agentLine('run', snapshot).join('\0'))
  return ids[lines.findIndex((line) => line !== undefined && wanted.includes(line))]
}

async function lineOfExec(docker: Docker, id: string): Promise<string | undefined> {
  try {
    const { ProcessConfig } = await docker.getExec(id).inspect()
    const rest: readonly string[] | null = ProcessConfig.arguments
    return [ProcessConfig.entrypoint, ...(rest ?? [])].join('\0')
  } catch (error) {
    // It has ended and been forgotten since it was listed.
    if (engineStatus(error) === 404) return undefined
    throw error
  }
}

/** The namespace of a place; this process did not make it, so it goes with the place. */
async function namespaceOf(
  engine: Engine,
  primary: Docker.ContainerInfo | undefined,
  all: readonly Docker.ContainerInfo[],
): Promise<Namespace | undefined> {
  const id = primary?.Labels[labels.namespace]
  const holder = all.find(({ Labels }) => id !== undefined && Labels[labels.holder] === id)
  if (id === undefined || holder === undefined) return undefined
  try {
    const { IPAM } = await engine.docker.getNetwork(`orrery-${id}`).inspect()
    const subnet: unknown = IPAM?.Config?.[0]?.Subnet
    return typeof subnet === 'string' ? foundNamespace(id, holder.Id, subnet) : undefined
  } catch (error) {
    if (engineStatus(error) === 404) return undefined
    throw error
  }
}

function warmOf(primary: Docker.ContainerInfo | undefined): Pick<TaskBelongings, 'warm'> {
  const placeId = primary?.Labels[labels.warm]
  return primary === undefined || placeId === undefined ? {} : { warm: { placeId, containerId: primary.Id } }
}

async function discard(engine: Engine, belongings: TaskBelongings): Promise<undefined> {
  await removeTask(engine, belongings)
}

function indexOf(container: Docker.ContainerInfo): number {
  return Number(container.Labels[labels.index] ?? Number.NaN)
}

/** `ExecIDs` is part of the engine's answer, but not of the client library's type. */
async function inspectPrimary(
  docker: Docker,
  id: string,
): Promise<Docker.ContainerInspectInfo & { ExecIDs?: string[] | null }> {
  return await docker.getContainer(id).inspect()
}
