import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ResourceClass } from '@orrery/protocol'

const root = '/sys/fs/cgroup'
const periodUs = 100_000

/**
 * One limit for all containers of a task (spec: execution.md 3.2): a parent cgroup that the runner writes and the
 * engine puts the containers under. Works where the runner may write the engine's own cgroup tree; elsewhere `create`
 * answers undefined and only the limits of each single container hold.
 *
 * The name has the runner's id in it: two runners on one engine must not sweep each other's.
 */
export async function createParent(runnerId: string, taskId: string, size: ResourceClass): Promise<string | undefined> {
  const parent = parentOf(runnerId, taskId)
  try {
    await (isUnified() ? createUnified(runnerId, taskId, size) : createSplit(parent, size))
    return parent
  } catch {
    await removeParent(runnerId, taskId)
    return undefined
  }
}

/** Did the engine really put the container there? False when it lives in another machine or cgroup namespace. */
export function isInside(parent: string, containerId: string): boolean {
  const names = [containerId, `libpod-${containerId}`]
  return names.some((name) => existsSync(join(root, isUnified() ? '' : 'memory', parent, name)))
}

/** Number of processes the kernel killed because the task used up its memory. */
export async function oomKills(runnerId: string, taskId: string): Promise<number> {
  const directory = join(root, isUnified() ? '' : 'memory', parentOf(runnerId, taskId))
  try {
    const text = await readFile(join(directory, isUnified() ? 'memory.events' : 'memory.oom_control'), 'utf8')
    return Number(/^oom_kill (?<count>\d+)/m.exec(text)?.groups?.['count'] ?? 0)
  } catch {
    return 0
  }
}

/**
 * Removes the parent in every hierarchy; the engine made it also where we set no limit. Podman leaves empty ones of its
 * own in it. Safe to repeat; false when one is still in use.
 */
export async function removeParent(runnerId: string, taskId: string): Promise<boolean> {
  let isGone = true
  for (const hierarchy of await hierarchies()) {
    const parent = join(root, hierarchy, parentOf(runnerId, taskId))
    const entries = await readdir(parent, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) if (entry.isDirectory()) await rmdir(join(parent, entry.name)).catch(() => undefined)
    await rmdir(parent).catch((error: NodeJS.ErrnoException) => {
      isGone &&= error.code === 'ENOENT'
    })
  }
  return isGone
}

/** Tasks that have a parent cgroup of this runner. */
export async function listParents(runnerId: string): Promise<string[]> {
  const tasks = new Set<string>()
  for (const hierarchy of await hierarchies()) {
    const entries = await readdir(join(root, hierarchy, `orrery-${runnerId}`), { withFileTypes: true }).catch(() => [])
    for (const entry of entries) if (entry.isDirectory()) tasks.add(entry.name)
  }
  return [...tasks]
}

function parentOf(runnerId: string, taskId: string): string {
  return `/orrery-${runnerId}/${taskId}`
}

function isUnified(): boolean {
  return existsSync(join(root, 'cgroup.controllers'))
}

async function hierarchies(): Promise<string[]> {
  if (isUnified()) return ['']
  return await readdir(root).catch(() => [])
}

async function createSplit(parent: string, size: ResourceClass): Promise<void> {
  const memory = join(root, 'memory', parent)
  const cpu = join(root, 'cpu', parent)
  await Promise.all([mkdir(memory, { recursive: true }), mkdir(cpu, { recursive: true })])
  const bytes = String(size.memoryMb * 1024 * 1024)
  await writeFile(join(memory, 'memory.limit_in_bytes'), bytes)
  // The kernel may have been built or started without swap accounting.
  await writeFile(join(memory, 'memory.memsw.limit_in_bytes'), bytes).catch(() => undefined)
  await writeFile(join(cpu, 'cpu.cfs_period_us'), String(periodUs))
  await writeFile(join(cpu, 'cpu.cfs_quota_us'), String(Math.round(size.vcpus * periodUs)))
}

async function createUnified(runnerId: string, taskId: string, size: ResourceClass): Promise<void> {
  const owner = join(root, `orrery-${runnerId}`)
  const task = join(root, parentOf(runnerId, taskId))
  const enable = '+memory +cpu +pids'
  await mkdir(task, { recursive: true })
  await writeFile(join(root, 'cgroup.subtree_control'), enable)
  await writeFile(join(owner, 'cgroup.subtree_control'), enable)
  await writeFile(join(task, 'memory.max'), String(size.memoryMb * 1024 * 1024))
  await writeFile(join(task, 'memory.swap.max'), '0').catch(() => undefined)
  await writeFile(join(task, 'cpu.max'), `${Math.round(size.vcpus * periodUs)} ${periodUs}`)
}
