import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ApiClient } from '../../packages/cli/src/client/api.ts'
import type { Settings } from '../../packages/cli/src/settings.ts'
import { imageMap } from '../../scripts/lib/images.mjs'
import { childrenOf } from './processes.ts'

const main = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))

export interface OrreryOptions {
  /** `up`: everything in one tree; `server`: without a runner. */
  command?: 'up' | 'server'
  /** An external PostgreSQL. */
  databaseUrl?: string
  /** More of settings.json. */
  settings?: Partial<Settings>
}

/** An `orrery up` (or `server`) of its own, as a user starts it: a process, a data directory, a port. */
export class Orrery {
  readonly dataDir: string
  readonly #options: OrreryOptions
  #process: ChildProcess | undefined
  #url = ''
  #output = ''

  private constructor(dataDir: string, options: OrreryOptions) {
    this.dataDir = dataDir
    this.#options = options
  }

  static async start(options: OrreryOptions = {}): Promise<Orrery> {
    const orrery = new Orrery(await mkdtemp(join(tmpdir(), 'oe-')), options)
    await writeFile(
      join(orrery.dataDir, 'settings.json'),
      JSON.stringify({ imageMap: imageMap(), ...options.settings }),
    )
    await orrery.up()
    return orrery
  }

  get url(): string {
    return this.#url
  }

  get output(): string {
    return this.#output
  }

  /** Starts the process; after a kill with the same data directory and the same port. */
  async up(): Promise<void> {
    const port = this.#url ? new URL(this.#url).port : '0'
    const { command = 'up', databaseUrl } = this.#options
    const child = spawn(process.execPath, [main, command, '--data', this.dataDir, '--port', port], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...(databaseUrl ? { DATABASE_URL: databaseUrl } : {}) },
    })
    this.#process = child
    const ready = new Promise<string>((resolve, reject) => {
      const read = (bytes: Buffer) => {
        this.#output += bytes.toString()
        const found = /Orrery (?:server )?is up at (\S+)\n/.exec(this.#output)
        if (found?.[1]) resolve(found[1])
      }
      child.stdout.on('data', read)
      child.stderr.on('data', read)
      child.once('exit', (code) => reject(new Error(`orrery up ended with ${code}:\n${this.#output}`)))
    })
    this.#output = ''
    this.#url = await ready
  }

  async token(): Promise<string> {
    return (await readFile(join(this.dataDir, 'admin-token'), 'utf8')).trim()
  }

  async client(): Promise<ApiClient> {
    return new ApiClient({ url: this.#url, token: await this.token() })
  }

  /** Of the server process. */
  get pid(): number {
    return this.#process?.pid ?? 0
  }

  async runnerPid(): Promise<number> {
    const [pid] = await childrenOf(this.#process?.pid ?? 0, /main\.ts runner/)
    if (!pid) throw new Error('no runner process')
    return pid
  }

  /** SIGKILL to the server process itself, not to its children. */
  async kill(): Promise<void> {
    const child = this.#process
    if (!child) throw new Error('not started')
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  /** To the server process alone. */
  signal(name: NodeJS.Signals): void {
    this.#process?.kill(name)
  }

  /** Clean stop, as Ctrl-C does; answers the exit code. */
  async stop(): Promise<number | null> {
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return null
    child.kill('SIGTERM')
    await once(child, 'exit')
    return child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await rm(this.dataDir, { recursive: true, force: true })
  }
}
