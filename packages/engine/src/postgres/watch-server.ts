import { setTimeout as sleep } from 'node:timers/promises'
import { clusterFolder } from './cluster.ts'
import { runningServer } from './lock-files.ts'
import { type ServerPlan, startServer } from './server-process.ts'

/** How soon a dead server is noticed. An adopted one is not our child, so nobody tells us. */
const lookEveryMs = 250
const retryMs = 1000

export interface Watch {
  readonly pid: number
  /** Ends the watching, not the server; resolves when no start is under way any more. */
  stop(): Promise<void>
}

/** Starts the server again whenever it is gone. */
export function watchServer(plan: ServerPlan, firstPid: number): Watch {
  const cluster = clusterFolder(plan.dataDir)
  const stopped = new AbortController()
  let pid = firstPid

  async function loop(): Promise<void> {
    while (!stopped.signal.aborted) {
      const serves = (await runningServer(cluster)) === pid
      if (!serves && !stopped.signal.aborted) pid = await startServer(plan).catch(() => pid)
      const pause = serves ? lookEveryMs : retryMs
      await sleep(pause, undefined, { ref: false, signal: stopped.signal }).catch(() => undefined)
    }
  }

  const done = loop()
  return {
    get pid() {
      return pid
    },
    async stop() {
      stopped.abort()
      await done
    },
  }
}
