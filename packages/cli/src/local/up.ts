import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Host, type HostOptions, startHost } from './host.ts'
import { type Supervised, supervise } from './supervise.ts'

export interface UpOptions extends HostOptions {
  /** Containers started ahead, in place of what the settings say. */
  pool?: number | undefined
  /** Jobs that run at the stop, and what is left of those that have ended, are waited for, up to ten seconds. */
  drain?: boolean
}

export interface Up {
  host: Host
  runner: Supervised
  /** Stops runner, server and database; jobs that run on stay for the next start. */
  stop(): Promise<void>
}

const main = fileURLToPath(new URL('../main.ts', import.meta.url))

/**
 * Server and database in this process, the runner as a child: a fault in one does not take the other down, and both
 * cores are used.
 */
export async function startUp(options: UpOptions): Promise<Up> {
  const host = await startHost(options)
  const settings = options.settingsFile ?? join(options.dataDir, 'settings.json')
  const runner = supervise(
    process.execPath,
    [
      main,
      'runner',
      ...['--server', host.url],
      ...['--token-file', host.runnerTokenFile],
      ...['--data', join(options.dataDir, 'runner')],
      ...['--settings', settings],
      ...(options.pool === undefined ? [] : ['--pool', String(options.pool)]),
      ...(options.drain === true ? ['--drain'] : []),
    ],
    {
      environment: { ...process.env, ORRERY_PARENT_PIPE: '1' },
      onRestart: (reason) => process.stderr.write(`runner ended (${reason}); starting it again\n`),
    },
  )
  return {
    host,
    runner,
    async stop() {
      await runner.stop()
      await host.close()
    },
  }
}
