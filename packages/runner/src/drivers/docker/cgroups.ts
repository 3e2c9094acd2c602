import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ResourceClass } from '@orrery/protocol'

/**
 * One limit for all containers of a task (spec: execution.md 3.2): a parent cgroup that the runner makes and the engine
 * puts the containers under. Who keeps the tree that engines put containers in decides how: `cgroup-paths.ts` where
 * nobody does, `cgroup-slices.ts` where systemd does.
 *
 * Names have the runner's id in them: two runners on one engine must not sweep each other's.
 */
export interface TaskCgroups {
  /** The value of the engine's option `CgroupParent`, also when it was made before; undefined when it cannot be made. */
  create(taskId: string, size: ResourceClass): Promise<string | undefined>
  /** Did the engine really put the container there? False when it lives in another machine or cgroup namespace. */
  holds(taskId: string, containerId: string): boolean
  /** Number of processes the kernel killed because the task used up its memory. */
  oomKills(taskId: string): Promise<number>
  /** Removes what the engine left of it. Safe to repeat; false when it is still in use. */
  remove(taskId: string): Promise<boolean>
  /** Tasks that have one, of this runner. */
  list(): Promise<string[]>
}

export const cgroupRoot = '/sys/fs/cgroup'
export const cpuPeriodUs = 100_000

/** One tree for all limits (cgroup v2), or one for each (v1). */
export function isUnified(root: string): boolean {
  return existsSync(join(root, 'cgroup.controllers'))
}

/** The kernel's own count in the cgroup's file `memory.events` (v2) or `memory.oom_control` (v1); 0 without one. */
export async function readOomKills(file: string): Promise<number> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return Number(/^oom_kill (?<count>\d+)/m.exec(text)?.groups?.['count'] ?? 0)
}
