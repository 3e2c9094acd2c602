import type { JobSpec } from '@orrery/protocol'
import type { Masker } from '@orrery/protocol/masking'
import type { TaskEnvironment } from '../environment/environment.ts'
import type { ProcessTable } from '../process/process-table.ts'
import type { TaskPaths } from '../spool/layout.ts'
import type { KeyAgent } from '../ssh/key-agent.ts'
import type { GitAccess } from '../steps/checkout/git-access.ts'
import type { Connection } from '../uplink/connection.ts'
import type { Sender } from '../uplink/sender.ts'

/** Everything that belongs to the one task of this process, handed to whoever works on it. */
export interface Task {
  readonly spec: JobSpec
  readonly paths: TaskPaths
  readonly connection: Connection
  readonly sender: Sender
  readonly environment: TaskEnvironment
  /** Absolute; step 1 made it. */
  readonly workingDirectory: string
  /** The job's shell line, or the platform's default. */
  readonly shell: string
  readonly newMasker: () => Masker
  readonly processes: ProcessTable
  readonly git: GitAccess
  readonly keyAgent: KeyAgent
  /** Variables that steps add for later ones, below all layers of the config: `SSH_AUTH_SOCK`. */
  readonly additions: Record<string, string>
  /** Aborts with a StopReason when the task has to stop. */
  readonly signal: AbortSignal
  /** Set by the in-job helper: no later step runs. */
  halted: boolean
}
