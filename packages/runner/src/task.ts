import type { RunnerInfo } from '@orrery/protocol'
import type { ArchiveStore } from './archives/archive-store.ts'
import type { Driver } from './drivers/driver.ts'
import type { ServerClient, TaskClient, TaskCredentials } from './server-client.ts'
import type { RunnerLog, RunnerSettings } from './settings.ts'
import type { TaskDirectory } from './task-directory.ts'
import type { TaskReporter } from './task-reporter.ts'

/** What every loop of one runner works with. */
export interface RunnerContext {
  settings: RunnerSettings
  runner: RunnerInfo
  server: ServerClient
  driver: Driver
  /** What the driver's probe told; printed in step 0. */
  facts: Record<string, string>
  log: RunnerLog
  /** Absent when nothing is to be kept. */
  archives: ArchiveStore | undefined
  /** Aborts when the runner stops and leaves its places to the next one. */
  stopped: AbortSignal
}

/** One claimed task. */
export interface Task {
  held: TaskCredentials
  directory: TaskDirectory
  client: TaskClient
  reporter: TaskReporter
  leaseS: number
  logBytesPerStep: number
  /** Secrets that no log of the task may show (spec: execution.md 18.2). */
  maskValues: readonly string[]
  /** Settles when step 0 was reported; nothing of the task may be thrown away, nor its end be told, before. */
  stepZeroEnded: Promise<void>
  /** Aborts when a newer claim of the same task arrived: remove everything, say nothing. */
  abandoned: AbortSignal
}

/** Resolves when one of the signals aborts; already aborted counts. */
export function aborted(...signals: readonly AbortSignal[]): Promise<void> {
  const any = AbortSignal.any([...signals])
  if (any.aborted) return Promise.resolve()
  return new Promise((resolve) => any.addEventListener('abort', () => resolve(), { once: true }))
}
