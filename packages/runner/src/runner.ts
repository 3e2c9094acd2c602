import { rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { adoptTasks } from './adopt.ts'
import { ArchiveStore } from './archives/archive-store.ts'
import { claimLoop, createRunningTasks } from './claim-loop.ts'
import { createDockerDriver } from './drivers/docker/index.ts'
import type { Driver } from './drivers/driver.ts'
import { loadIdentity } from './identity.ts'
import { createServerClient, isGone, type ServerClient, type TaskCredentials } from './server-client.ts'
import type { RunnerLog, RunnerSettings } from './settings.ts'
import { aborted, type RunnerContext } from './task.ts'
import { isEngineMissing, runClaim } from './task-lifecycle.ts'

export interface Runner {
  /**
   * Checks the driver, then greets the server, adopts what outlived the last runner, and claims from then on. Resolves
   * when the driver answered; a server that is away is waited for in the background. Throws ORY_ENGINE_MISSING.
   */
  start(): Promise<void>
  /**
   * No new claims. Places that run are left alive for the next runner to adopt (it must come before their leases run
   * out); with `drain` they are waited for. Tasks whose place is being made are given back. What is left of jobs that
   * are over is removed, for at most five seconds: nobody may come after this runner.
   */
  stop(options?: { drain?: boolean }): Promise<void>
  /** Resolves when the loops have ended, after `stop`. */
  readonly ended: Promise<void>
  /** Tasks under way. */
  readonly busy: number
}

/** A runner for one server. Nothing happens before `start`. */
export function createRunner(settings: RunnerSettings): Runner {
  const log = settings.log ?? (() => undefined)
  const stopping = new AbortController()
  const stopped = new AbortController()
  const running = createRunningTasks(log)
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const slots = settings.slots ?? availableParallelism()
  let driver: Driver | undefined
  let server: ServerClient | undefined
  let isStarted = false

  async function work(context: RunnerContext): Promise<void> {
    try {
      await adoptTasks(context, running)
    } catch (error) {
      if (stopping.signal.aborted) return
      throw error
    }
    let engineIsAway = false
    const watchedDriver = {
      ...context.driver,
      start: async (request: Parameters<typeof context.driver.start>[0]) => {
        try {
          return await context.driver.start(request)
        } catch (error) {
          engineIsAway = isEngineMissing(error)
          throw error
        }
      },
      probe: async () => {
        const facts = await context.driver.probe()
        engineIsAway = false
        return facts
      },
    }
    const watched = { ...context, driver: watchedDriver }
    await claimLoop(
      watched,
      slots,
      running,
      (...life) => runClaim(watched, ...life),
      () => engineIsAway,
      stopping.signal,
    )
  }

  /** Between an agent's last word and the end of its container the server knows already that the job is over. */
  async function finishOver(server: ServerClient): Promise<void> {
    const signal = AbortSignal.timeout(tidyMs)
    const over = new Set<string>()
    await Promise.all(
      running.held.map(async (held) => {
        if (await isOver(server, held, signal)) over.add(held.taskId)
      }),
    )
    await Promise.race([running.without(over), aborted(signal)])
  }

  return {
    ended,
    get busy() {
      return running.size
    },
    async start() {
      isStarted = true
      const runner = await loadIdentity(settings)
      const { runtimeDir: runtimeDirectory, dataDir: stateDirectory, docker = {} } = settings
      const own = {
        runnerId: runner.id,
        runtimeDirectory,
        stateDirectory,
        slots,
        settings: docker,
        warn: (text: string) => log(text, 'warn'),
      }
      driver = settings.driver?.(runner.id) ?? createDockerDriver(own)
      const facts = await driver.probe()
      server = createServerClient(settings.serverUrl, settings.token, runner)
      log('the runner is ready', 'info', { runnerId: runner.id, driver: driver.name })
      const archives = await openArchives(settings, log)
      work({ settings, runner, server, driver, facts, log, archives, stopped: stopped.signal })
        .catch((error: unknown) => log('the runner broke', 'error', { error: String(error) }))
        .finally(end)
    },
    async stop({ drain = false } = {}) {
      stopping.abort()
      if (!isStarted) return
      if (!drain) {
        if (server !== undefined) await finishOver(server)
        stopped.abort()
      }
      await running.idle()
      stopped.abort()
      await ended
      await driver?.close?.()
    },
  }
}

/** How long a runner that stops sees to jobs that are over, ms. */
const tidyMs = 5_000

/** False as well when the server does not answer: then it is for the next runner to ask. */
async function isOver(server: ServerClient, held: TaskCredentials, signal: AbortSignal): Promise<boolean> {
  try {
    await server.task(held).renew(0, signal)
    return false
  } catch (error) {
    return isGone(error)
  }
}

const defaultCacheBytes = 10e9

/** A runner works without it: caches are downloaded then, each time. */
async function openArchives(settings: RunnerSettings, log: RunnerLog): Promise<ArchiveStore | undefined> {
  const { dataDir, serverUrl } = settings
  // Beside its server a runner would only keep the same bytes twice.
  const cacheBytes = settings.cacheBytes ?? (isThisMachine(serverUrl) ? 0 : defaultCacheBytes)
  const directory = join(dataDir, 'archives')
  try {
    if (cacheBytes !== 0) return await ArchiveStore.open(directory, cacheBytes)
    await rm(directory, { recursive: true, force: true })
  } catch (error) {
    log('archives cannot be kept on this runner', 'warn', { error: String(error) })
  }
  return undefined
}

function isThisMachine(url: string): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname)
}
