import type { JobSpec, RemoteDockerAnswer, RemoteDockerEnd, RemoteDockerRequest } from '@orrery/protocol'
import type { Door } from '../door.ts'

/**
 * Makes places for tasks. Variants live in folders of the same shape (`drivers/docker`, later `drivers/vm`, …).
 *
 * Call order for one task: `start` → the place runs by itself → `exited` settles → `destroy`. Calls for different
 * tasks overlap; calls for one task never do. A runner that was killed calls `adopt` before anything else and gets the
 * places that outlived it; `sweep` then removes what belongs to no known task. Everything a driver makes carries the
 * labels `orrery.runner=<runner id>` and `orrery.task=<task id>`.
 */
export interface Driver {
  readonly name: string
  readonly executors: readonly ('docker' | 'machine' | 'macos')[]
  /** Can places be made here? Throws ORY_ENGINE_MISSING with the reason when not; answers facts for step 0's log. */
  probe(): Promise<Record<string, string>>
  /** A task was claimed and is being set up, `start` follows with the same document: what takes time may be asked now. */
  expect?(spec: JobSpec): void
  /**
   * Makes and starts the place; resolves when the agent process was started. On failure it has removed everything it
   * made. `log` receives the text of step 0 (execution.md 2.4).
   */
  start(request: PlaceRequest): Promise<Place>
  /** Places of this runner that still exist, running or ended. */
  adopt(): Promise<Place[]>
  /** Removes everything labelled with this runner whose task is not in `keep`. */
  sweep(keep: ReadonlySet<string>): Promise<void>
  /**
   * Lets the runner's user read and remove everything below a directory of its own that a place had; all processes of
   * that place have ended. Absent where places run as that user.
   */
  openDirectory?(path: string): Promise<void>
  /** Removes what was made ahead for tasks that have not come. Places that run stay. */
  close?(): Promise<void>
}

export interface PlaceRequest {
  spec: JobSpec
  /** Host path of the task directory that is mounted at /orrery-task. */
  taskDirectory: string
  /** Host path of a directory that no job sees, for the driver's files about this task; it goes with the task. */
  privateDirectory: string
  /** For a place that was made ahead, with a door of its own: from now on the task's gateway answers there. */
  answerAt(door: Door): void
  log(text: string): void
  signal: AbortSignal
}

export interface Place {
  readonly taskId: string
  /** Settles when the agent's process ended, with its exit code; also for places adopted after their end. */
  readonly exited: Promise<PlaceExit>
  readonly services: readonly ServicePlace[]
  /** An engine for this task alone; absent where there cannot be one. It goes with the place. */
  readonly remoteDocker?: RemoteDocker
  /** Removes containers, volumes and networks; safe to repeat. */
  destroy(): Promise<void>
}

export interface RemoteDocker {
  /** Throws OrreryError ORY_BAD_REQUEST for what the config got wrong or the operator forbids, else anything. */
  start(request: RemoteDockerRequest): Promise<RemoteDockerAnswer>
  /** Stops it in good order; safe to repeat, also when it was never started. */
  end(): Promise<RemoteDockerEnd>
}

export interface PlaceExit {
  exitCode: number
  oomKilled: boolean
  /** A sentence for people when the job's own configuration ended the place, e.g. its entrypoint (execution.md 4.2.4). */
  reason?: string
}

export interface ServicePlace {
  image: string
  /** Combined output from its start; the same bytes at every call. Ends when the container ended. */
  logs(signal: AbortSignal): AsyncIterable<Uint8Array>
  readonly exited: Promise<{ exitCode: number }>
}
