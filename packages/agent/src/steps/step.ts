import type { JobSpec, StepStatus } from '@orrery/protocol'
import type { Uplink } from '../uplink/uplink.ts'

/**
 * What a step kind sees of its task. Every kind lives in `steps/<kind>/index.ts` and exports
 * `execute(step, context): Promise<StepResult>`; one call is one attempt.
 */
export interface StepContext {
  readonly spec: JobSpec
  /** Environment of this step, all layers applied (execution.md 9.2). */
  readonly env: Record<string, string>
  /** HOME of the step user, absolute. */
  readonly home: string
  /** The job's working directory, absolute; it exists. */
  readonly workingDirectory: string
  /** `~` and relative paths as execution.md 10.9 has them; `$VAR` is never expanded. */
  resolvePath(path: string): string
  /** Appends to the step's log. Masking and limits are applied behind it. Lines end with `\n`. */
  write(text: string): void
  readonly uplink: Uplink
  /** Fires when the step has to stop: cancel, maximum run time, lost lease. Pass it on to everything that waits. */
  readonly signal: AbortSignal
  /** Directory of the task for temporary files, absolute; it exists. Remove what you put there. */
  readonly tmp: string
  /** Number of the step (101…) and of its attempt (0…). */
  readonly step: number
  readonly attempt: number
}

/** How an attempt ended. A kind may also throw: the engine writes the message to the log and fails the step. */
export interface StepResult {
  status: Exclude<StepStatus, 'running' | 'not_run'>
  exitCode: number | null
  /** A sentence for people, shown beside the step. */
  hint?: string
}

export const succeeded: StepResult = { status: 'success', exitCode: 0 }
export const failed: StepResult = { status: 'failed', exitCode: 1 }
