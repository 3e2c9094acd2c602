import { setTimeout as delay } from 'node:timers/promises'
import type { Place, PlaceExit, RemoteDocker } from '../driver.ts'
import type { TaskBelongings } from './belongings.ts'
import { unlessGone } from './client.ts'
import type { Engine } from './engine.ts'
import { containerExit, execExit } from './exits.ts'
import { servicePlace } from './services.ts'
import { removeTask } from './sweep.ts'

/** The containers of one task, as made or as found again. */
export interface TaskContainers extends TaskBelongings {
  primaryId: string
  /** Present when the agent runs beside the image's own process. */
  exec?: { id: string | undefined }
  services: readonly { id: string; image: string }[]
}

/** How long the last lines of service containers may take to be read before their containers go, ms. */
const lastLinesMs = 1_000

/** `remoteDocker`: absent for a place that was found again, as its task's facts are not kept. */
export function makePlace(engine: Engine, made: TaskContainers, remoteDocker?: RemoteDocker): Place {
  const open = new Set<Promise<void>>()
  engine.places.add(made.taskId)
  return {
    taskId: made.taskId,
    ...(remoteDocker === undefined ? {} : { remoteDocker }),
    exited: placeExit(engine, made),
    services: made.services.map(({ id, image }) => servicePlace(engine.docker, id, image, open)),
    async destroy() {
      if (open.size > 0) {
        await Promise.all(made.services.map(({ id }) => unlessGone(engine.docker.getContainer(id).kill())))
        await Promise.race([Promise.all(open), delay(lastLinesMs, undefined, { ref: false })])
      }
      await removeTask(engine, made)
    },
  }
}

async function placeExit(engine: Engine, made: TaskContainers): Promise<PlaceExit> {
  const exit = await (made.exec === undefined
    ? containerExit(engine.docker, made.primaryId)
    : execExit(engine.docker, made.primaryId, made.exec.id, engine.seesExecsEnd))
  const killed =
    exit.exitCode !== 0 && (exit.oomKilled || (await engine.cgroups.oomKills(made.warm?.placeId ?? made.taskId)) > 0)
  return { ...exit, oomKilled: killed }
}
