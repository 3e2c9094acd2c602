import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, watch } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ProcessTable } from '../process/process-table.ts'

/** How long ssh-agent may take until it listens, ms. */
const startMs = 5_000

/**
 * The task's ssh-agent: the image's program, started when the first key is loaded, in a session of its own, ended with
 * the task.
 */
export class KeyAgent {
  readonly socket: string
  readonly #processes: ProcessTable
  #started: Promise<boolean> | undefined

  /** `directory` must be reachable for all users of the place. */
  constructor(directory: string, processes: ProcessTable) {
    this.socket = join(directory, 'ssh-agent.sock')
    this.#processes = processes
  }

  /** False when the image has no ssh-agent or it does not come up. */
  start(env: Record<string, string>): Promise<boolean> {
    this.#started ??= this.#launch(env)
    return this.#started
  }

  async #launch(env: Record<string, string>): Promise<boolean> {
    let watcher: ReturnType<typeof watch> | undefined
    // In the foreground, so that its end is ours to see. It tells its address on stdout, which nobody needs.
    const child = spawn('ssh-agent', ['-D', '-a', this.socket], { env, detached: true, stdio: 'ignore' })
    const ended = new Promise<void>((resolve) => {
      child.once('error', () => resolve())
      child.once('exit', () => resolve())
    })
    const signal = AbortSignal.timeout(startMs)
    try {
      watcher = watch(dirname(this.socket))
      if (child.pid === undefined) return false
      this.#processes.add(child.pid, undefined)
      child.unref()
      let over = false
      void ended.then(() => {
        over = true
      })
      while (!existsSync(this.socket)) {
        if (over) return false
        await Promise.race([once(watcher, 'change', { signal }), ended])
      }
      return true
    } catch {
      return false
    } finally {
      watcher?.close()
    }
  }
}
