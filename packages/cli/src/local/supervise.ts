import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Supervised {
  /** Process id of the child that runs now. */
  pid(): number | undefined
  /** Ends the child with SIGTERM and waits for it; SIGKILL after `graceMs`. */
  stop(graceMs?: number): Promise<void>
}

/**
 * Keeps one child process alive: started again after it died, at once the first time, then more and more slowly up to
 * 10 s while it dies young. Its standard input is a pipe held by us, so that the child can see our end even by kill -9.
 */
export function supervise(
  command: string,
  args: readonly string[],
  options: { environment: NodeJS.ProcessEnv; onRestart(reason: string): void },
): Supervised {
  let child: ChildProcess
  let stopping = false
  let deaths = 0
  let timer: NodeJS.Timeout | undefined
  const start = () => {
    const born = performance.now()
    // In a group of its own: Ctrl-C in a terminal is for us, who then end it in good order; with ours as the second
    // signal the child would leave without removing what it made.
    child = spawn(command, args, {
      stdio: ['pipe', 'inherit', 'inherit'],
      env: options.environment,
      detached: true,
    })
    child.stdin?.on('error', () => {}) // the child may be gone; its exit says so
    child.once('exit', (code, signal) => {
      if (stopping) return
      deaths = performance.now() - born > 30_000 ? 0 : deaths + 1
      options.onRestart(signal ?? `exit code ${code}`)
      timer = setTimeout(start, deaths <= 1 ? 0 : Math.min(250 * 2 ** deaths, 10_000))
    })
  }
  start()
  return {
    pid: () => child.pid,
    async stop(graceMs = 10_000) {
      stopping = true
      clearTimeout(timer)
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      const kill = setTimeout(() => child.kill('SIGKILL'), graceMs)
      await exited
      clearTimeout(kill)
    },
  }
}
