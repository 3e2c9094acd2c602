import { z } from 'zod'
import { CgroupPaths } from './cgroup-paths.ts'
import { CgroupSlices } from './cgroup-slices.ts'
import type { TaskCgroups } from './cgroups.ts'
import type { Engine } from './engine.ts'

/** What an engine says about who keeps its cgroups. */
const Keeping = z.object({ CgroupDriver: z.string().catch(''), SecurityOptions: z.array(z.string()).catch([]) })

/** Any task's: only whether such a limit can be made is of interest. */
const trial = { name: 'small', vcpus: 1, memoryMb: 2048, arch: 'amd64' } as const
const trialTask = 'trial'

/**
 * Learns how this engine's containers can have a limit in common, by making one. `warn` receives why they cannot.
 * `info`: what the engine tells about itself.
 */
export async function findCgroups(
  engine: Pick<Engine, 'runnerId' | 'cgroups' | 'sharesCgroups'>,
  info: unknown,
  warn: ((message: string) => void) | undefined,
): Promise<void> {
  const { CgroupDriver, SecurityOptions } = Keeping.parse(info)
  const isRootless = SecurityOptions.some((option) => option.split(',').includes('name=rootless'))
  const cgroups = await cgroupsOf(engine.runnerId, CgroupDriver, isRootless)
  engine.sharesCgroups = (await cgroups?.create(trialTask, trial)) !== undefined
  await cgroups?.remove(trialTask)
  engine.cgroups = cgroups ?? new CgroupPaths(engine.runnerId)
  if (engine.sharesCgroups) return
  warn?.(
    CgroupDriver === 'none'
      ? 'jobs have no limits of memory, processors and processes: this engine limits no container'
      : "containers of a job share no limit, each has the class's own: " +
          `this user may make no cgroups beside the engine's (${CgroupDriver || 'unknown driver'})`,
  )
}

/** With systemd as the keeper of the tree, parents are slices of its own and paths are refused. */
async function cgroupsOf(runnerId: string, driver: string, isRootless: boolean): Promise<TaskCgroups | undefined> {
  if (driver === 'cgroupfs') return new CgroupPaths(runnerId)
  if (driver !== 'systemd') return undefined
  return await CgroupSlices.find(runnerId, isRootless ? 'user' : 'system')
}
