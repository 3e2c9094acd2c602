import { existsSync } from 'node:fs'
import { mkdir, readdir, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ResourceClass } from '@orrery/protocol'
import { cgroupRoot, cpuPeriodUs, isUnified, readOomKills, type TaskCgroups } from './cgroups.ts'

/**
 * Parents for an engine that writes the tree itself (`cgroupfs`): paths that the runner writes too, as root and beside
 * the engine. Elsewhere `create` answers undefined and only the limits of each single container hold.
 */
export class CgroupPaths implements TaskCgroups {
  readonly #runnerId: string
  readonly #root: string

  constructor(runnerId: string, root = cgroupRoot) {
    this.#runnerId = runnerId
    this.#root = root
  }

  async create(taskId: string, size: ResourceClass): Promise<string | undefined> {
    const parent = this.#parentOf(taskId)
    try {
      await (isUnified(this.#root) ? this.#createUnified(taskId, size) : this.#createSplit(parent, size))
      return parent
    } catch {
      await this.remove(taskId)
      return undefined
    }
  }

  holds(taskId: string, containerId: string): boolean {
    const names = [containerId, `libpod-${containerId}`]
    return names.some((name) => existsSync(join(this.#memoryOf(taskId), name)))
  }

  async oomKills(taskId: string): Promise<number> {
    const file = isUnified(this.#root) ? 'memory.events' : 'memory.oom_control'
    return await readOomKills(join(this.#memoryOf(taskId), file))
  }

  /** In every hierarchy: the engine made it also where we set no limit. Podman leaves empty ones of its own in it. */
  async remove(taskId: string): Promise<boolean> {
    let isGone = true
    for (const hierarchy of await this.#hierarchies()) {
      const parent = join(this.#root, hierarchy, this.#parentOf(taskId))
      const entries = await readdir(parent, { withFileTypes: true }).catch(() => [])
      for (const entry of entries) if (entry.isDirectory()) await rmdir(join(parent, entry.name)).catch(() => undefined)
      await rmdir(parent).catch((error: NodeJS.ErrnoException) => {
        isGone &&= error.code === 'ENOENT'
      })
    }
    return isGone
  }

  async list(): Promise<string[]> {
    const tasks = new Set<string>()
    for (const hierarchy of await this.#hierarchies()) {
      const owner = join(this.#root, hierarchy, `orrery-${this.#runnerId}`)
      const entries = await readdir(owner, { withFileTypes: true }).catch(() => [])
      for (const entry of entries) if (entry.isDirectory()) tasks.add(entry.name)
    }
    return [...tasks]
  }

  #parentOf(taskId: string): string {
    return `/orrery-${this.#runnerId}/${taskId}`
  }

  /** Where the memory of the task is counted. */
  #memoryOf(taskId: string): string {
    return join(this.#root, isUnified(this.#root) ? '' : 'memory', this.#parentOf(taskId))
  }

  async #hierarchies(): Promise<string[]> {
    if (isUnified(this.#root)) return ['']
    return await readdir(this.#root).catch(() => [])
  }

  async #createSplit(parent: string, size: ResourceClass): Promise<void> {
    const memory = join(this.#root, 'memory', parent)
    const cpu = join(this.#root, 'cpu', parent)
    await Promise.all([mkdir(memory, { recursive: true }), mkdir(cpu, { recursive: true })])
    const bytes = String(size.memoryMb * 1024 * 1024)
    await writeFile(join(memory, 'memory.limit_in_bytes'), bytes)
    // The kernel may have been built or started without swap accounting.
    await writeFile(join(memory, 'memory.memsw.limit_in_bytes'), bytes).catch(() => undefined)
    await writeFile(join(cpu, 'cpu.cfs_period_us'), String(cpuPeriodUs))
    await writeFile(join(cpu, 'cpu.cfs_quota_us'), String(Math.round(size.vcpus * cpuPeriodUs)))
  }

  async #createUnified(taskId: string, size: ResourceClass): Promise<void> {
    const owner = join(this.#root, `orrery-${this.#runnerId}`)
    const task = this.#memoryOf(taskId)
    const enable = '+memory +cpu +pids'
    await mkdir(task, { recursive: true })
    await writeFile(join(this.#root, 'cgroup.subtree_control'), enable)
    await writeFile(join(owner, 'cgroup.subtree_control'), enable)
    await writeFile(join(task, 'memory.max'), String(size.memoryMb * 1024 * 1024))
    await writeFile(join(task, 'memory.swap.max'), '0').catch(() => undefined)
    await writeFile(join(task, 'cpu.max'), `${Math.round(size.vcpus * cpuPeriodUs)} ${cpuPeriodUs}`)
  }
}
