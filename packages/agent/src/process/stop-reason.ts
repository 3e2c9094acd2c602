import type { TaskOutcome } from '@orrery/protocol'

/**
 * Why running steps have to stop. It travels as the reason of an AbortSignal.
 * `status`: what the stopped steps, and then the task, end as.
 */
export class StopReason extends Error {
  readonly status: Exclude<TaskOutcome, 'success' | 'failed'>
  /** Milliseconds between SIGTERM and SIGKILL; 0 = SIGKILL at once. */
  readonly graceMs: number

  /** `sentence` is written to the logs of the stopped steps, when there is one. */
  constructor(status: StopReason['status'], graceMs: number, sentence: string) {
    super(sentence)
    this.name = 'StopReason'
    this.status = status
    this.graceMs = graceMs
  }
}

/** The reason an aborted signal carries. */
export function stopReasonOf(signal: AbortSignal): StopReason {
  return signal.reason instanceof StopReason ? signal.reason : new StopReason('infrastructure_fail', 0, '')
}
