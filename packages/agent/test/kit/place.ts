import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { JobSpec } from '@orrery/protocol'
import { Peer } from './peer.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** A task directory with a peer behind its socket and a home of its own. */
export class TestPlace implements AsyncDisposable {
  readonly root: string
  readonly home: string
  readonly peer: Peer
  /** PATH of the agent, as an image would set it. */
  path = process.env['PATH'] ?? ''
  readonly #children: ChildProcess[] = []

  private constructor(root: string, spec: JobSpec) {
    this.root = root
    this.home = join(root, 'home')
    this.peer = new Peer(join(root, 'gateway.sock'), spec)
  }

  static async create(spec: JobSpec): Promise<TestPlace> {
    const place = new TestPlace(await mkdtemp(join(tmpdir(), 'orrery-')), spec)
    await place.peer.up()
    return place
  }

  /** Starts the agent as a process of its own. */
  start(...args: string[]): ChildProcess {
    const [command = 'run', ...rest] = args
    const child = spawn(process.execPath, [main, command, this.root, ...rest], {
      env: { PATH: this.path, HOME: this.home },
      // not inherited: an agent that a failed test left behind must not hold the test run's own output open
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.pipe(process.stdout, { end: false })
    child.stderr.pipe(process.stderr, { end: false })
    this.#children.push(child)
    const kill = (): boolean => child.kill('SIGKILL')
    process.once('exit', kill)
    child.once('exit', () => process.off('exit', kill))
    return child
  }

  /** Runs the agent to its end; answers its exit code. */
  async run(...args: string[]): Promise<number | null> {
    return await exitOf(this.start(...args))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL')
    await this.peer.down()
    await rm(this.root, { recursive: true, force: true })
  }
}

export async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}
