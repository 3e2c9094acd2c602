import type Docker from 'dockerode'
import type { TaskCgroups } from './cgroups.ts'
import type { ImageSource } from './image-source.ts'
import type { Namespace } from './namespace.ts'
import type { DockerSettings } from './settings.ts'
import type { Starts } from './starts.ts'
import type { WarmPlace, WarmRecipe } from './warm.ts'

/** See `namespaces.ts`. */
export interface NamespacePool {
  /** Belongs to this process: a sweep leaves it alone. */
  owns(id: string): boolean
  /** Begins to make some ahead. */
  prepare(): void
  /** One with room for as many containers beside its holder. */
  take(containers: number): Promise<Namespace>
  /** Only when every container that joined it was removed. */
  giveBack(namespace: Namespace): Promise<void>
  discard(namespace: Namespace): Promise<void>
  /** It cannot be removed now: the next sweep takes it. */
  forget(namespace: Namespace): void
  /** The engine went away: no namespace is used again before `recover` has seen that its holder lives. */
  distrust(): void
  /** The engine is back: removes what did not survive, makes what is missing in the background. */
  recover(): Promise<void>
  close(): Promise<void>
}

/** See `warm-pool.ts`. */
export interface ContainerPool {
  /** Belongs to this process: a sweep leaves it alone. */
  owns(placeId: string): boolean
  /** A container for this recipe that is up, if there is one; it is the caller's from then on. */
  take(recipe: WarmRecipe): WarmPlace | undefined
  /** A task with this recipe was started: the next one shall find a container. */
  used(recipe: WarmRecipe): void
  /** The place of a task that ended was removed. */
  forget(placeId: string): void
  close(): Promise<void>
}

/** The one bag that every part of the driver works with. */
export interface Engine {
  docker: Docker
  runnerId: string
  runtimeDirectory: string
  /** Host directory of the driver's own, e.g. for places that are made ahead. */
  stateDirectory: string
  settings: DockerSettings
  /** Tasks that may run at the same time. */
  slots: number
  /** IPv4 range that networks are made from. */
  networkPool: string
  /** Tasks that have a place, or get one now: a sweep in the middle of everything leaves them alone. */
  places: Set<string>
  /** Tasks whose parent cgroup could not be removed yet: Podman's helper of a process lives on for five minutes. */
  parentsLeft: Set<string>
  images: ImageSource
  namespaces: NamespacePool
  warm: ContainerPool
  /** Learnt by the probe: processors of the engine's machine, in its own words; empty before. */
  machine: string
  /** Learnt by the probe: how the containers of jobs are started. */
  starts: Starts
  /** Learnt by the probe: the engine can put a small init before the main process. */
  hasInit: boolean
  /** Learnt by the probe: the value of the security option `seccomp`. */
  seccomp: string
  /** Learnt by the probe: the engine knows when what was started beside a main process has ended. Podman does not. */
  seesExecsEnd: boolean
  /** Learnt by the probe: where a namespace finds the network's name server. Podman's is the gateway. */
  servesNames: 'in the namespace' | 'at the gateway'
  /** Common limits of tasks. */
  cgroups: TaskCgroups
  /** They can be made for this engine, and containers were really found under them so far. */
  sharesCgroups: boolean
}

/** What can be had before there is a pool of started containers. */
export type Workshop = Omit<Engine, 'warm'>
