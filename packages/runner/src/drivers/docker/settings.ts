import type { EcrSettings } from './ecr.ts'
import type { GarSettings } from './gar.ts'

/** One rule of the image mapping: the first rule whose `match` fits replaces the image's name before the pull. */
export interface ImageMapRule {
  /** Glob over the whole reference as the config has it; `*` stands for any characters, `/` and `:` included. */
  match: string
  image: string
}

/** What an operator may say about the engine and about what jobs get from it. */
export interface DockerSettings {
  /** `unix:///path` or `tcp://host:port`; absent = `DOCKER_HOST`, then the usual sockets. */
  host?: string
  imageMap?: readonly ImageMapRule[]
  /** Host path of a PEM bundle with extra roots: mounted read only into every container, named in the usual variables. */
  caBundle?: string
  /** Variables for every container of every job, e.g. proxies; the job's own variables win. */
  environment?: Readonly<Record<string, string>>
  /** IPv4 range for the networks of tasks. Default `10.231.0.0/16`. */
  networkPool?: string
  /** Most containers that are started ahead and wait for a task. Default 0: none. */
  pool?: number
  /** May jobs reach services of this host? Default: no, except its name server. */
  hostServices?: 'blocked' | 'reachable'
  /** May jobs have a Docker engine of their own (`setup_remote_docker`)? Default `rootless`. */
  remoteDocker?: 'rootless' | 'forbidden'
  /** Volumes with image layers (Docker layer caching), see `layer-volumes.ts`. */
  layers?: {
    /** Those that nobody used for so many days are dropped. Default 3. */
    idleDays?: number
    /** They make way while the engine's disk has less room, bytes. Default: 15 GB, or a tenth of a smaller disk. */
    freeBytes?: number
  }
  /** Where AWS gives logins for `aws_auth`. Default: as the name of the registry says. */
  ecr?: EcrSettings
  /** Where Google gives logins for `gcp_auth`. Default: its public addresses. */
  gar?: GarSettings
  /**
   * The engine's runtime for the containers of jobs; `default` = the engine's own default. Absent: `crun` where the engine
   * has it and it works.
   */
  runtime?: string
}

/** What the driver must know of the runner that owns it. */
export interface DockerDriverOptions {
  runnerId: string
  /** The directory that `prepareRuntime` answered. */
  runtimeDirectory: string
  /** Host directory that belongs to this driver alone, on the same file system as the tasks' directories. */
  stateDirectory: string
  /** Tasks that may run at the same time. */
  slots: number
  /** Receives what the operator should know. */
  warn?: (message: string) => void
  settings: DockerSettings
}

export const labels = {
  runner: 'orrery.runner',
  task: 'orrery.task',
  /** Position in `docker:`; 0 is the primary container. */
  index: 'orrery.index',
  /** Number of containers of the task. */
  count: 'orrery.count',
  /** The image as the config names it, before any mapping. */
  image: 'orrery.image',
  /** `main`: the agent is the container's main process; `exec`: it runs beside the image's own. */
  agent: 'orrery.agent',
  /** On networks: the namespace they belong to. On a task's containers: the one they use. */
  namespace: 'orrery.namespace',
  /** On the container that keeps this namespace. */
  holder: 'orrery.holder',
  /** On a container that was started ahead: its place, which is in the driver's directory. It has no label of a task. */
  warm: 'orrery.warm',
  /** On the container with the task's own engine. */
  engine: 'orrery.engine',
  /** On volumes with image layers: the project that they belong to. */
  layers: 'orrery.layers',
  /** Which generation of the project's layers, and whose within the project (JobSpec.layers). */
  layerGeneration: 'orrery.layers.generation',
  layerScope: 'orrery.layers.scope',
} as const
