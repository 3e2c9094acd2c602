import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ResourceClass } from '@orrery/protocol'
import { cgroupRoot, isUnified, readOomKills, type TaskCgroups } from './cgroups.ts'

const run = promisify(execFile)
/** How long systemd may take for one answer, ms. */
const patienceMs = 30_000
const manager = ['org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager'] as const

/** `system`: the machine's own; `user`: that of the user whose rootless engine it is. */
export type SystemdScope = 'system' | 'user'

/**
 * Parents for an engine that lets systemd keep the tree: slices, which systemd is asked for by its own client, as nobody
 * else may write there. It lets root have them, and each user from their own systemd; for others `create` answers
 * undefined and only the limits of each single container hold.
 */
export class CgroupSlices implements TaskCgroups {
  readonly #runnerId: string
  readonly #scope: SystemdScope
  readonly #directory: string

  /** `directory`: where the scope's slices show. */
  constructor(runnerId: string, scope: SystemdScope, directory: string) {
    this.#runnerId = runnerId
    this.#scope = scope
    this.#directory = directory
  }

  /** Undefined when no systemd of this scope answers, e.g. as the engine is in another machine. */
  static async find(runnerId: string, scope: SystemdScope): Promise<CgroupSlices | undefined> {
    try {
      const { stdout } = await ask('busctl', scope, 'get-property', ...manager, 'ControlGroup')
      const own = /^s "(?<path>[^"]*)"/.exec(stdout)?.groups?.['path']
      if (own === undefined) return undefined
      // The split trees have the same paths below each one; memory is what is looked at here.
      return new CgroupSlices(runnerId, scope, join(cgroupRoot, isUnified(cgroupRoot) ? '' : 'memory', own))
    } catch {
      return undefined
    }
  }

  async create(taskId: string, size: ResourceClass): Promise<string | undefined> {
    const unit = this.#unitOf(taskId)
    if (existsSync(this.#pathOf(taskId))) return unit
    try {
      await ask('busctl', this.#scope, 'call', ...manager, ...startSlice(unit, size))
      return unit
    } catch {
      return undefined
    }
  }

  holds(taskId: string, containerId: string): boolean {
    const names = [`docker-${containerId}.scope`, `libpod-${containerId}.scope`]
    return names.some((name) => existsSync(join(this.#pathOf(taskId), name)))
  }

  async oomKills(taskId: string): Promise<number> {
    const counts = ['memory.events', 'memory.oom_control'].map((file) => readOomKills(join(this.#pathOf(taskId), file)))
    return Math.max(...(await Promise.all(counts)))
  }

  /** Also ends what Podman left in it: the helper that waits for who may ask how an ended process ended. */
  async remove(taskId: string): Promise<boolean> {
    if (!existsSync(this.#pathOf(taskId))) return true
    await ask('systemctl', this.#scope, 'stop', this.#unitOf(taskId)).catch(() => undefined)
    return !existsSync(this.#pathOf(taskId))
  }

  async list(): Promise<string[]> {
    const prefix = `orrery-${escaped(this.#runnerId)}-`
    const names = await readdir(join(this.#directory, ...ancestors(this.#runnerId))).catch(() => [])
    const own = names.filter((name) => name.startsWith(prefix) && name.endsWith('.slice'))
    return own.map((name) => name.slice(prefix.length, -'.slice'.length).replaceAll('_', '-'))
  }

  #unitOf(taskId: string): string {
    return `orrery-${escaped(this.#runnerId)}-${escaped(taskId)}.slice`
  }

  #pathOf(taskId: string): string {
    return join(this.#directory, ...ancestors(this.#runnerId), this.#unitOf(taskId))
  }
}

/** In the name of a slice each dash is a step down the tree; our ids have no underscore. */
function escaped(id: string): string {
  return id.replaceAll('-', '_')
}

function ancestors(runnerId: string): string[] {
  return ['orrery.slice', `orrery-${escaped(runnerId)}.slice`]
}

/** Arguments of a call that makes a slice which is gone with its stop. */
function startSlice(unit: string, { memoryMb, vcpus }: ResourceClass): string[] {
  const properties = [
    ['Description', 's', 'Containers of one Orrery task'],
    ['MemoryMax', 't', String(memoryMb * 1024 * 1024)],
    ['MemorySwapMax', 't', '0'],
    ['CPUQuotaPerSecUSec', 't', String(Math.round(vcpus * 1_000_000))],
  ]
  const list = [String(properties.length), ...properties.flat()]
  return ['StartTransientUnit', 'ssa(sv)a(sa(sv))', unit, 'fail', ...list, '0']
}

/** So that nobody is asked for a password: whoever may not have a slice has none. */
const silently = { busctl: '--allow-interactive-authorization=false', systemctl: '--no-ask-password' } as const

async function ask(
  program: keyof typeof silently,
  scope: SystemdScope,
  ...args: string[]
): Promise<{ stdout: string }> {
  const runtime = process.env['XDG_RUNTIME_DIR']
  const env = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ...(runtime === undefined ? {} : { XDG_RUNTIME_DIR: runtime }),
  }
  return await run(program, [`--${scope}`, silently[program], ...args], { env, timeout: patienceMs })
}
