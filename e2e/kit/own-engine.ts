import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type EngineOptions, ownSocket, startOwnEngine, stopOwnEngine } from '../../scripts/lib/own-engine.mjs'
import { createProgress } from '../../scripts/lib/progress.mjs'

const run = promisify(execFile)
/** An image of some megabytes is all that jobs of such an engine need. */
const image = 'orrery/busybox:latest'

/** Why there can be no engine of a test's own here; undefined when there can. */
export function whyNoEngine(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can start a second dockerd'
  const missing = ['/usr/bin/unshare', '/usr/bin/nsenter', '/usr/sbin/dockerd'].find((path) => !existsSync(path))
  return missing === undefined ? undefined : `${missing} is missing`
}

/**
 * A dockerd that a test may stop, kill and start again: with directories, containerd and a network namespace of its
 * own, for two engines in one share the bridge and each other's firewall rules. The namespace outlives the dockerd.
 */
export class OwnEngine implements AsyncDisposable {
  readonly host: string
  readonly #directory: string
  readonly #holder: ChildProcess
  readonly #options: EngineOptions

  private constructor(directory: string, holder: ChildProcess, options: EngineOptions) {
    this.host = ownSocket(directory)
    this.#directory = directory
    this.#holder = holder
    this.#options = options
  }

  /** `flags`: more of dockerd's. It holds busybox, taken from the engine that the other tests use. */
  static async start({ flags = [], ...options }: EngineOptions = {}): Promise<OwnEngine> {
    const directory = await mkdtemp(join(tmpdir(), 'od-'))
    const configuration = join(directory, 'daemon.json')
    await writeFile(configuration, '{}')
    const holder = spawn('/usr/bin/unshare', ['--net', 'sh', '-c', 'echo; exec sleep infinity'])
    await once(holder.stdout, 'data')
    const engine = new OwnEngine(directory, holder, { ...options, flags: ['--config-file', configuration, ...flags] })
    try {
      await engine.up()
      const archive = join(directory, 'image.tar')
      await run('docker', ['save', '-o', archive, image])
      await engine.docker('load', '-i', archive)
      await rm(archive)
      return engine
    } catch (error) {
      await engine[Symbol.asyncDispose]()
      throw error
    }
  }

  async up(): Promise<void> {
    const within = ['/usr/bin/nsenter', `--net=/proc/${this.#holder.pid}/ns/net`]
    const silent = createProgress(() => undefined)
    await startOwnEngine(this.#directory, silent, { ...this.#options, within })
  }

  /** As a service manager stops it; resolves when it is gone. */
  async stop(): Promise<void> {
    await stopOwnEngine(this.#directory)
  }

  /** SIGKILL; its containers and their containerd stay. */
  async kill(): Promise<void> {
    const pid = Number(await readFile(join(this.#directory, 'pid'), 'utf8'))
    process.kill(pid, 'SIGKILL')
    while (isAlive(pid)) await delay(20)
  }

  async docker(...args: string[]): Promise<string> {
    return (await run('docker', ['-H', this.host, ...args])).stdout
  }

  /** Every container and network, except the networks that no engine is without. */
  async holds(): Promise<string[]> {
    const answers = await Promise.all([
      this.docker('ps', '-a', '--format', 'container {{.Status}} {{.Labels}}'),
      this.docker('network', 'ls', '--filter', 'type=custom', '--format', 'network {{.Name}} {{.Labels}}'),
    ])
    return answers.flatMap((text) => text.split('\n').filter((line) => line !== ''))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // With live-restore they would outlive it.
    const left = await this.docker('ps', '-aq').catch(() => '')
    await this.docker('rm', '-f', ...left.split('\n').filter((line) => line !== '')).catch(() => undefined)
    await stopOwnEngine(this.#directory)
    this.#holder.kill('SIGKILL')
    const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '')
    // Innermost first.
    for (const path of mounts.filter((one) => one.startsWith(`${this.#directory}/`)).toReversed()) {
      await run('umount', ['-l', path]).catch(() => undefined)
    }
    await rm(this.#directory, { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
