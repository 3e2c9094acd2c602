import { setTimeout as delay } from 'node:timers/promises'
import type { Claim } from '@orrery/protocol'
import { createBackoff } from './backoff.ts'
import { ServerRefusal, type TaskCredentials } from './server-client.ts'
import { aborted, type RunnerContext } from './task.ts'

/** The tasks of one runner that are under way; each takes a slot. */
export interface RunningTasks {
  readonly size: number
  /** Those among them that have left their slot: nothing of their jobs runs any more, and what is left is removed. */
  readonly leaving: number
  readonly held: readonly TaskCredentials[]
  /** Runs `work` as the task's one life here: an older one is abandoned and waited for first. `freeSlot` gives its slot back. */
  add(held: TaskCredentials, work: (abandoned: AbortSignal, freeSlot: () => void) => Promise<void>): void
  /** Resolves when a slot may have become free. */
  changed(): Promise<void>
  idle(): Promise<void>
  /** Resolves when none of these tasks is under way. */
  without(taskIds: ReadonlySet<string>): Promise<void>
}

export function createRunningTasks(log: RunnerContext['log']): RunningTasks {
  const running = new Map<string, { held: TaskCredentials; abandon: AbortController; ended: Promise<void> }>()
  const leaving = new Set<AbortController>()
  let change = Promise.withResolvers<void>()
  const changed = (): void => {
    change.resolve()
    change = Promise.withResolvers()
  }
  return {
    get size() {
      return running.size
    },
    get leaving() {
      return leaving.size
    },
    get held() {
      return [...running.values()].map(({ held }) => held)
    },
    add(held, work) {
      const { taskId } = held
      const before = running.get(taskId)
      before?.abandon.abort()
      const abandon = new AbortController()
      const ended = (async () => {
        await before?.ended
        try {
          await work(abandon.signal, () => {
            leaving.add(abandon)
            changed()
          })
        } catch (error) {
          log('a task broke in the runner', 'error', { taskId, error: String(error) })
        }
        leaving.delete(abandon)
        if (running.get(taskId)?.abandon === abandon) running.delete(taskId)
        changed()
      })()
      running.set(taskId, { held, abandon, ended })
    },
    changed: () => change.promise,
    async idle() {
      while (running.size > 0) await Promise.all([...running.values()].map(({ ended }) => ended))
    },
    async without(taskIds) {
      await Promise.all([...running].flatMap(([id, { ended }]) => (taskIds.has(id) ? [ended] : [])))
    },
  }
}

/**
 * Asks for work whenever a slot is free, until `stopping` aborts. One request at a time: the server holds it open.
 * While the driver cannot make places (engine down) nothing is claimed: the task would only travel in a circle.
 * A task that only waits for its removal holds no slot, up to as many as there are slots: an engine that removes nothing
 * must not gather places without end.
 */
export async function claimLoop(
  context: RunnerContext,
  slots: number,
  running: RunningTasks,
  run: (claim: Claim, abandoned: AbortSignal, freeSlot: () => void) => Promise<void>,
  engineIsAway: () => boolean,
  stopping: AbortSignal,
): Promise<void> {
  const backoff = createBackoff()
  const stop = aborted(stopping)
  const waitS = context.settings.waitS ?? 25
  while (!stopping.aborted) {
    if (running.size - Math.min(running.leaving, slots) >= slots) {
      await Promise.race([running.changed(), stop])
      continue
    }
    try {
      if (engineIsAway()) await context.driver.probe()
      const askedAt = performance.now()
      const claim = await context.server.claim(context.driver.executors, waitS, stopping)
      backoff.reset()
      if (claim !== undefined) running.add(heldBy(claim), (...life) => run(claim, ...life))
      // A server that does not hold requests open (it is shutting down) must not be asked in a tight loop.
      else if (performance.now() - askedAt < 200) await delay(200, undefined, { signal: stopping })
    } catch (error) {
      if (stopping.aborted) return
      const status = error instanceof ServerRefusal ? error.status : undefined
      context.log('claiming failed', 'warn', { error: error instanceof Error ? error.message : String(error), status })
      await backoff.pause(stopping).catch(() => undefined)
    }
  }
}

export function heldBy({ spec, epoch, taskToken }: Claim): TaskCredentials {
  return { taskId: spec.taskId, epoch, taskToken }
}
