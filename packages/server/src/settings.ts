import type { OrbSources } from '@orrery/config'
import type { Retention } from '@orrery/engine'
import type { JobSpec } from '@orrery/protocol'

/** What a server is given. Only the first two are needed. */
export interface ServerSettings {
  /** Keys, repositories, logs, uploads and blobs live here. Created when absent. */
  dataDir: string
  /** `postgres://…` or a unix-socket connection string. */
  databaseUrl: string
  /**
   * Address under which people and jobs reach this server, without trailing slash. Default: the address it listens on,
   * which is right for one machine.
   */
  publicUrl?: string
  /** Folder with the built web app. Absent, or without an index.html at start: a plain page says so. */
  webDir?: string
  /** Where orbs come from. Absent: only inline orbs can be used. */
  orbs?: OrbSources
  clock?: Clock
  /** Seconds a claim lives without renewal. */
  leaseS?: number
  limits?: Partial<JobSpec['limits']>
  /** How long caches, workspaces and artifacts are kept. */
  retention?: Partial<Retention>
  /** A cache that could not be uploaded fails its step; default: a warning. */
  cacheUploadMustSucceed?: boolean
  /** How long a job with SSH stays open at its end. */
  ssh?: { idleS: number; longestS: number }
  /** Slugs of projects whose jobs nobody may rerun with SSH. A job that has it already keeps it. */
  noSsh?: NoSsh
  /** Where the log goes, one JSON object a line. Default: standard error. */
  logFile?: string
  /** Default `warn`. */
  logLevel?: 'silent' | 'error' | 'warn' | 'info' | 'debug'
}

export type NoSsh = 'everywhere' | ReadonlySet<string>

/** Has the operator closed the project's jobs to people? */
export function forbidsSsh(noSsh: NoSsh, projectSlug: string): boolean {
  return noSsh === 'everywhere' || noSsh.has(projectSlug)
}

export interface Clock {
  now(): Date
}

export const systemClock: Clock = { now: () => new Date() }

export const defaultLeaseS = 60

/** Days (execution.md 20). */
export const defaultRetention: Retention = { cacheDays: 15, workspaceDays: 15, artifactDays: 30 }

/** execution.md 20: the numbers a job gets when the installation says nothing else. */
export const defaultLimits: JobSpec['limits'] = {
  maxRunTimeS: 5 * 3600,
  noOutputTimeoutS: 600,
  cancelGraceS: 10,
  logBytesPerStep: 50 * 1024 * 1024,
  artifactBytes: 3 * 1024 ** 3,
}
