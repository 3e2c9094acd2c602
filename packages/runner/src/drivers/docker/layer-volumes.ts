import { randomUUID } from 'node:crypto'
import { mkdir, rm, stat, statfs, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JobSpec } from '@orrery/protocol'
import type { VolumeInspectInfo as Volume } from 'dockerode'
import { z } from 'zod'
import { engineStatus } from './client.ts'
import type { Engine } from './engine.ts'
import { labels } from './settings.ts'

const dayMs = 24 * 60 * 60_000
/** A volume that nobody used for so many days is dropped (spec: execution.md 6.3). */
const longestIdleDays = 3
/** So much of the disk stays free, bytes, but of a small disk no more than its tenth part. */
const freeBytes = 15e9
const freeShare = 10

/** Volumes that a job of this process is about to use and that no container shows yet. */
const promised = new Set<string>()

/** Whose layers a job may use: those of its project, not purged since, and not those of a fork that is not it. */
export type LayerOwner = Pick<JobSpec, 'projectId' | 'layers'>

/**
 * A volume with image layers of this owner that no other job uses now: the one that was used last, or an empty one.
 * Jobs at the same time get one each; a job may get any of them. Whatever it leaves there is what the next one finds.
 * `create` makes the container that uses it; from then on the container shows that it is in use.
 */
export async function withLayers<T>(
  engine: Engine,
  owner: LayerOwner,
  create: (volume: string) => Promise<T>,
): Promise<T> {
  const name = await chooseVolume(engine, owner)
  try {
    return await create(name)
  } finally {
    promised.delete(name)
  }
}

async function chooseVolume(engine: Engine, owner: LayerOwner): Promise<string> {
  await dropIdle(engine)
  await dropPurged(engine, owner)
  await dropForRoom(engine)
  const wanted = labelsOf(owner)
  const all = (await listVolumes(engine, owner.projectId)).flatMap(({ Name, ...volume }) =>
    sameLabels(ownerOf(volume), wanted) ? Name : [],
  )
  const used = await volumesInUse(engine)
  const ages = await Promise.all(all.map(async (name) => ({ name, at: await lastUse(engine, name) })))
  const name =
    ages.filter((one) => !used.has(one.name) && !promised.has(one.name)).toSorted((a, b) => b.at - a.at)[0]?.name ??
    `orrery-layers-${randomUUID()}`
  // Between the look at `promised` and this line nothing is awaited, or two jobs could choose the same one.
  promised.add(name)
  if (!all.includes(name)) {
    await engine.docker.createVolume({ Name: name, Labels: { [labels.runner]: engine.runnerId, ...wanted } })
  }
  await touch(engine, name)
  return name
}

async function dropIdle(engine: Engine): Promise<void> {
  const { idleDays = longestIdleDays } = engine.settings.layers ?? {}
  for (const { Name: name } of await listVolumes(engine)) {
    if (Date.now() - (await lastUse(engine, name)) > idleDays * dayMs) await removeVolume(engine, name)
  }
}

/** What is cached must not take the room that jobs need: the volumes that were used longest ago make way. */
async function dropForRoom(engine: Engine): Promise<void> {
  const info: unknown = await engine.docker.info()
  const { DockerRootDir: directory } = EngineInfo.parse(info)
  const volumes = await listVolumes(engine)
  const ages = await Promise.all(volumes.map(async ({ Name: name }) => ({ name, at: await lastUse(engine, name) })))
  for (const { name } of ages.toSorted((a, b) => a.at - b.at)) {
    if (!(await lacksRoom(directory, engine.settings.layers?.freeBytes))) return
    if (!promised.has(name)) await removeVolume(engine, name)
  }
}

const EngineInfo = z.object({ DockerRootDir: z.string().default('') })

/** An engine on another machine has a disk that is not seen from here: its operator watches over it. */
async function lacksRoom(directory: string, wanted: number | undefined): Promise<boolean> {
  const disk = await statfs(directory).catch(() => undefined)
  if (disk === undefined) return false
  const most = wanted ?? Math.min(freeBytes, (disk.blocks * disk.bsize) / freeShare)
  return disk.bavail * disk.bsize < most
}

/** Layers of an older generation are what somebody purged. One that a job uses, or is about to, goes with the next look. */
async function dropPurged(engine: Engine, { projectId, layers }: LayerOwner): Promise<void> {
  const generation = layers?.generation ?? 0
  for (const volume of await listVolumes(engine, projectId)) {
    const isPurged = Number(ownerOf(volume)[labels.layerGeneration]) < generation
    if (isPurged && !promised.has(volume.Name)) await removeVolume(engine, volume.Name)
  }
}

async function removeVolume(engine: Engine, name: string): Promise<void> {
  try {
    await engine.docker.getVolume(name).remove()
    await rm(noteOf(engine, name), { force: true })
  } catch (error) {
    // 409: a job uses it.
    if (engineStatus(error) !== 404 && engineStatus(error) !== 409) throw error
  }
}

async function listVolumes({ docker, runnerId }: Engine, projectId?: string): Promise<Volume[]> {
  const label = projectId === undefined ? labels.layers : `${labels.layers}=${projectId}`
  const { Volumes } = await docker.listVolumes({ filters: { label: [`${labels.runner}=${runnerId}`, label] } })
  return Volumes ?? []
}

function labelsOf({ projectId, layers }: LayerOwner): Record<string, string> {
  return {
    [labels.layers]: projectId,
    [labels.layerGeneration]: String(layers?.generation ?? 0),
    [labels.layerScope]: layers?.scope ?? '',
  }
}

/** The labels that say whose a volume is. The first volumes had only one of them: they are the project's own. */
function ownerOf({ Labels }: Pick<Volume, 'Labels'>): Record<string, string> {
  return { [labels.layerGeneration]: '0', [labels.layerScope]: '', ...Labels }
}

function sameLabels(found: Record<string, string>, wanted: Record<string, string>): boolean {
  return Object.entries(wanted).every(([name, value]) => found[name] === value)
}

async function volumesInUse({ docker, runnerId }: Engine): Promise<Set<string>> {
  const filters = { label: [`${labels.runner}=${runnerId}`, labels.engine] }
  const containers = await docker.listContainers({ all: true, filters })
  return new Set(containers.flatMap(({ Mounts }) => Mounts.flatMap(({ Name }) => Name ?? [])))
}

/** The engine does not know when a volume was used: the time of a file says it. */
async function touch(engine: Engine, name: string): Promise<void> {
  const note = noteOf(engine, name)
  await mkdir(join(engine.stateDirectory, 'layers'), { recursive: true })
  await writeFile(note, '')
  const now = new Date()
  await utimes(note, now, now)
}

async function lastUse(engine: Engine, name: string): Promise<number> {
  return await stat(noteOf(engine, name)).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )
}

function noteOf(engine: Engine, name: string): string {
  return join(engine.stateDirectory, 'layers', name)
}
