import type { DockerSettings } from './drivers/docker/index.ts'
import type { Driver } from './drivers/driver.ts'
import type { SshSettings } from './ssh-door.ts'

/** Everything a runner must be told. Times in seconds. */
export interface RunnerSettings {
  /** Address of the server, with its base path if it has one, e.g. `https://ci.example.org`. */
  serverUrl: string
  /** Runner token: the server's side knows which resource classes it may claim. */
  token: string
  /** Directory of this runner alone: its identity (`runner.json`) and its running tasks. Created when absent. */
  dataDir: string
  /** What `prepareRuntime` answered: mounted into every place as /orrery. */
  runtimeDir: string
  /** Shown to people. Default: the host's name. */
  name?: string
  version?: string
  /** Tasks at the same time. Default: number of processors. */
  slots?: number
  docker?: DockerSettings
  /** Where people reach jobs with SSH. */
  ssh?: SshSettings
  /** Most bytes of archives of caches and workspaces that are kept for later jobs of this runner; 0 = none. Default 10 GB; none where the server is on this machine. */
  cacheBytes?: number
  /** Makes the places; default: containers as `docker` says. */
  driver?: (runnerId: string) => Driver
  /** How long the server may hold a claim open. Default 25. */
  waitS?: number
  /** An agent that was started and said nothing for this long is given up. Default 120. */
  agentStartS?: number
  /** Receives what the operator should know; data holds ids, never secrets. Default: nothing is said. */
  log?: RunnerLog
}

export type RunnerLog = (message: string, level: LogLevel, data?: Record<string, unknown>) => void

export type LogLevel = 'info' | 'warn' | 'error'
