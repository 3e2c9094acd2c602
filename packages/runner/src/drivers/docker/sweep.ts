import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type Docker from 'dockerode'
import type { TaskBelongings } from './belongings.ts'
import { engineStatus, unlessGone } from './client.ts'
import type { Engine } from './engine.ts'
import { removeNamespace } from './namespaces.ts'
import { labels } from './settings.ts'
import { takenBy, warmDirectory } from './warm-place.ts'

/**
 * Removes containers, their volumes and the parent cgroup of one task, and gives its namespace back for the next one
 * when nothing of this one can be in it any more. Safe to repeat.
 */
export async function removeTask(engine: Engine, { taskId, namespace, warm }: TaskBelongings): Promise<void> {
  const { docker, runnerId } = engine
  const filters = { label: [`${labels.runner}=${runnerId}`, `${labels.task}=${taskId}`] }
  const found = (await docker.listContainers({ all: true, filters })).map(({ Id }) => Id)
  const ids = [...found, ...(warm === undefined ? [] : [warm.containerId])]
  const removed = await Promise.all(ids.map((id) => removeContainer(docker, id)))
  for (const left of engine.parentsLeft) if (await engine.cgroups.remove(left)) engine.parentsLeft.delete(left)
  if (!(await engine.cgroups.remove(taskId))) engine.parentsLeft.add(taskId)
  engine.places.delete(taskId)
  if (warm !== undefined) await forgetWarm(engine, warm.placeId)
  if (namespace === undefined) return
  if (removed.every(Boolean)) await engine.namespaces.giveBack(namespace)
  else await engine.namespaces.discard(namespace)
}

/** False when somebody else is removing it at this moment: it may still be there. */
async function removeContainer(docker: Docker, id: string): Promise<boolean> {
  try {
    await docker.getContainer(id).remove({ force: true, v: true })
    return true
  } catch (error) {
    const status = engineStatus(error)
    if (status === 404) return true
    if (status === 409) return false
    throw error
  }
}

async function forgetWarm(engine: Engine, placeId: string): Promise<void> {
  await engine.cgroups.remove(placeId)
  await rm(warmDirectory(engine, placeId), { recursive: true, force: true })
  engine.warm.forget(placeId)
}

/**
 * Removes everything of this runner that belongs neither to a task in `keep` nor to this process: tasks, containers
 * that were started ahead, namespaces.
 */
export async function sweepAll(engine: Engine, keep: ReadonlySet<string>): Promise<void> {
  const { docker, runnerId } = engine
  const filters = { label: [`${labels.runner}=${runnerId}`] }
  const containers = await docker.listContainers({ all: true, filters })
  const keptNamespaces = new Set<string | undefined>()
  const doomed: string[] = []
  const warm = new Set(await readdir(join(engine.stateDirectory, 'warm')).catch(() => []))
  for (const { Id, Labels } of containers) {
    const placeId = Labels[labels.warm]
    const holder = Labels[labels.holder]
    if (holder !== undefined) continue
    const taskId = placeId === undefined ? Labels[labels.task] : (await takenBy(engine, placeId))?.taskId
    const isOurs = placeId !== undefined && engine.warm.owns(placeId)
    if (isOurs || (taskId !== undefined && keep.has(taskId))) keptNamespaces.add(Labels[labels.namespace])
    else doomed.push(Id)
    if (placeId !== undefined && (isOurs || (taskId !== undefined && keep.has(taskId)))) warm.delete(placeId)
  }
  await Promise.all(doomed.map((id) => unlessGone(docker.getContainer(id).remove({ force: true, v: true }))))
  const isFree = (id: string | undefined) => id !== undefined && !keptNamespaces.has(id) && !engine.namespaces.owns(id)
  const holders = containers.filter(({ Labels }) => isFree(Labels[labels.holder]))
  await Promise.all(holders.map(({ Id }) => unlessGone(docker.getContainer(Id).remove({ force: true, v: true }))))
  const networks = (await docker.listNetworks({ filters })).filter(({ Labels }) => isFree(Labels?.[labels.namespace]))
  await Promise.all(networks.map(({ Name }) => removeNamespace(docker, Name, undefined)))
  for (const placeId of warm) if (!engine.warm.owns(placeId)) await forgetWarm(engine, placeId)
  const parents = await engine.cgroups.list()
  const isKept = async (id: string) => keep.has(id) || engine.warm.owns(id) || (await takenBy(engine, id)) !== undefined
  for (const id of parents) if (!(await isKept(id))) await engine.cgroups.remove(id)
}
