import type { JobSpec } from '@orrery/protocol'
import { StopReason } from '../process/stop-reason.ts'
import { goDuration } from '../steps/go-duration.ts'

/** Longest delay that the runtime's timers know, ms. */
const longestMs = 2 ** 31 - 1

/** Everything that ends a task before its steps do. The first reason counts (spec: execution.md 2.5 and 2.6). */
export class StopSwitch {
  readonly #controller = new AbortController()
  readonly #limits: JobSpec['limits']
  readonly #timer: NodeJS.Timeout

  /** The clock of the maximum run time starts now. */
  constructor(limits: JobSpec['limits']) {
    this.#limits = limits
    this.#timer = setTimeout(() => this.#timeOut(), Math.min(longestMs, limits.maxRunTimeS * 1000))
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  cancel(): void {
    this.#stop(new StopReason('canceled', this.#graceMs, 'The job was canceled.'))
  }

  /** The server may hand the task out again: nothing of this attempt may run on, not even for the grace period. */
  loseLease(leaseS: number): void {
    const sentence = `The server could not be reached for ${goDuration(leaseS)}; the job was stopped.`
    this.#stop(new StopReason('infrastructure_fail', 0, sentence))
  }

  /** The server gave the task up, or the agent itself failed. */
  abandon(): void {
    this.#stop(new StopReason('infrastructure_fail', 0, 'The job was given up.'))
  }

  /** The steps are over. */
  close(): void {
    clearTimeout(this.#timer)
  }

  get #graceMs(): number {
    return this.#limits.cancelGraceS * 1000
  }

  #timeOut(): void {
    const sentence = `The job ran longer than its maximum run time of ${goDuration(this.#limits.maxRunTimeS)}.`
    this.#stop(new StopReason('timedout', this.#graceMs, sentence))
  }

  #stop(reason: StopReason): void {
    this.close()
    if (!this.signal.aborted) this.#controller.abort(reason)
  }
}
