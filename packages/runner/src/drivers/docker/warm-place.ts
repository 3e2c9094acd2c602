import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, readFile, rm, stat } from 'node:fs/promises'
import { createServer, Socket } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'
import { listenInside } from '../../listen-inside.ts'
import { unlessGone } from './client.ts'
import { primaryOptions } from './containers.ts'
import type { Workshop } from './engine.ts'
import { containerExit } from './exits.ts'
import { planNetwork } from './network.ts'
import { writePlaceFiles } from './place-files.ts'
import type { WarmPlace, WarmRecipe } from './warm.ts'

/** How long a container may take from its start until its agent has connected, ms. */
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
  const server = createServer()
  let containerId: string | undefined
  try {
    await mkdir(mount, { recursive: true, mode: 0o700 })
    // `mkdir` applies the umask, and the agent may run as any user.
    await chmod(mount, 0o777)
    await listenInside(server, join(mount, 'wait.sock'))
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
    const connected = firstConnection(server)
    connected.catch(() => undefined)
    await container.start()
    // A container that died, e.g. with the engine, will not connect any more; who closes the pool waits for neither.
    signal.throwIfAborted()
    const closed = once(signal, 'abort')
    const socket = await Promise.race([connected, containerExit(engine.docker, container.id), closed])
    if (!(socket instanceof Socket)) throw new Error('its agent did not come up')
    if (cgroupParent !== undefined && !engine.cgroups.holds(id, container.id))
      throw new Error('it is not in its cgroup')
    return { id, key, containerId, namespace, directory, cgroupParent, socket }
  } catch (error) {
    await removeWarmPlace(engine, { id, containerId, namespace, directory })
    throw error
  } finally {
    server.close()
  }
}

/**
 * Gives the place to a task: its mounted directory becomes the task's, with the gateway's socket and the place's facts
 * in it, and the agent is told. All of it at once, as the agent does what a start does to the disk. A crash before the note leaves an unused place; one after it, a place of the task.
 */
export function giveToTask(place: WarmPlace, taken: Taken): void {
  const mount = join(place.directory, 'mnt')
  rmSync(join(mount, 'wait.sock'), { force: true })
  for (const name of ['gateway.sock', 'place.json']) renameSync(join(taken.mount, name), join(mount, name))
  renameSync(mount, taken.mount)
  writeFileSync(join(place.directory, 'taken.json'), JSON.stringify(taken), { mode: 0o600 })
  place.socket.end('1')
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
  place: Pick<WarmPlace, 'id' | 'namespace' | 'directory'> & { containerId: string | undefined; socket?: Socket },
): Promise<void> {
  place.socket?.destroy()
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

function firstConnection(server: ReturnType<typeof createServer>): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('its agent did not come up')), startPatienceMs)
    server.once('connection', (socket) => {
      clearTimeout(timer)
      socket.on('error', () => undefined)
      // Read, or its end would not be noticed.
      socket.resume()
      resolve(socket)
    })
  })
}
