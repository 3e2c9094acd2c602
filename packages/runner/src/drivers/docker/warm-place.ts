import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { type Door, openDoor } from '../../door.ts'
import { unlessGone } from './client.ts'
import { primaryOptions } from './containers.ts'
import type { Workshop } from './engine.ts'
import { containerExit } from './exits.ts'
import { planNetwork } from './network.ts'
import { writePlaceFiles } from './place-files.ts'
import type { WarmPlace, WarmRecipe } from './warm.ts'

/** How long a container may take from its start until its agent asks for its task, ms. */
const startPatienceMs = 60_000

const Taken = z.object({ taskId: z.string(), mount: z.string(), containers: z.number().int() })
/** The task that took a place, for a runner that finds it after a restart. */
export type Taken = z.infer<typeof Taken>

/** `begun` gets the id before anything carries it. On failure everything that was made is removed. */
export async function makeWarmPlace(
  engine: Workshop,
  { image, ready, resourceClass }: WarmRecipe,
  key: string,
  begun: (id: string) => void,
  signal: AbortSignal,
): Promise<WarmPlace> {
  const id = randomUUID()
  begun(id)
  const directory = warmDirectory(engine, id)
  const mount = join(directory, 'mnt')
  const namespace = await engine.namespaces.take(0)
  let door: Door | undefined
  let containerId: string | undefined
  try {
    await mkdir(mount, { recursive: true, mode: 0o700 })
    // `mkdir` applies the umask, and the agent may run as any user.
    await chmod(mount, 0o777)
    door = await openDoor(join(mount, 'gateway.sock'))
    const network = planNetwork(engine, namespace, [])
    const { runnerId, runtimeDirectory, settings, starts, hasInit, seccomp } = engine
    const cgroupParent = engine.sharesCgroups ? await engine.cgroups.create(id, resourceClass) : undefined
    const options = primaryOptions({
      runnerId,
      owner: { kind: 'warm', placeId: id },
      resourceClass,
      images: [image],
      ready: [{ ...ready, reference: ready.id }],
      runtimeDirectory,
      taskDirectory: mount,
      settings,
      starts,
      network,
      files: await writePlaceFiles(directory, network),
      cgroupParent,
      hasInit,
      seccomp,
    })
    const container = await engine.docker.createContainer(options)
    containerId = container.id
    await container.start()
    // A container that died, e.g. with the engine, will not ask any more; who closes the pool waits for neither.
    signal.throwIfAborted()
    const patience = new AbortController()
    const asked = await Promise.race([
      door.asked.then(() => true),
      containerExit(engine.docker, container.id).then(() => false),
      once(signal, 'abort', { signal: patience.signal }).then(
        () => false,
        () => false,
      ),
      delay(startPatienceMs, false, { signal: patience.signal }).catch(() => false),
    ])
    patience.abort()
    if (!asked) throw new Error('its agent did not come up')
    if (cgroupParent !== undefined && !engine.cgroups.holds(id, container.id))
      throw new Error('it is not in its cgroup')
    return { id, key, containerId, namespace, directory, cgroupParent, door }
  } catch (error) {
    await removeWarmPlace(engine, { id, containerId, namespace, directory, ...(door && { door }) })
    throw error
  }
}

/**
 * Gives the place to a task: its mounted directory becomes the task's, with the place's facts in it, and the agent's
 * question is answered by the task's gateway. All of it at once, as the agent does what a start does to the disk. A crash
 * before the note leaves an unused place; one after it, a place of the task.
 */
export function giveToTask(place: WarmPlace, taken: Taken, answerAt: (door: Door) => void): void {
  const mount = join(place.directory, 'mnt')
  renameSync(join(taken.mount, 'place.json'), join(mount, 'place.json'))
  // The gateway's own: who knows its path finds the place's by it.
  rmSync(join(taken.mount, 'gateway.sock'))
  renameSync(mount, taken.mount)
  writeFileSync(join(place.directory, 'taken.json'), JSON.stringify(taken), { mode: 0o600 })
  answerAt(place.door)
}

/**
 * The task that a found place belongs to. Undefined when nobody has taken it, or when the runner died before the agent
 * began: it makes its spool first of all.
 */
export async function takenBy(engine: Workshop, placeId: string): Promise<Taken | undefined> {
  try {
    const taken = Taken.parse(JSON.parse(await readFile(join(warmDirectory(engine, placeId), 'taken.json'), 'utf8')))
    await stat(join(taken.mount, 'spool'))
    return taken
  } catch {
    return undefined
  }
}

/** Removes a place that nobody has taken, and gives its namespace back. What it cannot remove, a sweep can. */
export async function removeWarmPlace(
  engine: Workshop,
  place: Pick<WarmPlace, 'id' | 'namespace' | 'directory'> & { containerId: string | undefined; door?: Door },
): Promise<void> {
  await place.door?.close()
  try {
    if (place.containerId !== undefined) {
      await unlessGone(engine.docker.getContainer(place.containerId).remove({ force: true, v: true }))
    }
  } catch (error) {
    engine.namespaces.forget(place.namespace)
    throw error
  }
  await engine.cgroups.remove(place.id)
  await rm(place.directory, { recursive: true, force: true })
  await engine.namespaces.giveBack(place.namespace)
}

export function warmDirectory(engine: Workshop, placeId: string): string {
  return join(engine.stateDirectory, 'warm', placeId)
}
