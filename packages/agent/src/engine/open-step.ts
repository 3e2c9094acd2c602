import type { TaskEventBody } from '@orrery/protocol'
import type { Masker } from '@orrery/protocol/masking'
import type { StepResult } from '../steps/step.ts'
import type { Sender } from '../uplink/sender.ts'
import { StepLog } from './step-log.ts'

/** What is needed to report a step. */
export interface StepReporter {
  sender: Sender
  newMasker: () => Masker
  spec: { limits: { logBytesPerStep: number } }
}

/** An attempt whose start was reported. */
export interface OpenStep {
  readonly step: number
  readonly attempt: number
  readonly log: StepLog
  /** Closes the log and reports the end with its receipt. `insignificant`: a failure does not fail the job. */
  end(result: StepResult, insignificant: boolean): Promise<void>
}

type StepStarted = Omit<Extract<TaskEventBody, { type: 'step.started' }>, 'type'>

export function openStep(reporter: StepReporter, started: StepStarted): OpenStep {
  const { sender, newMasker, spec } = reporter
  const { step, attempt } = started
  sender.report({ type: 'step.started', ...started })
  const file = sender.openLog(step, attempt)
  const log = new StepLog(file, newMasker(), spec.limits.logBytesPerStep)
  return {
    step,
    attempt,
    log,
    async end({ status, exitCode, hint }, insignificant) {
      const receipt = await log.end()
      const hints = hint === undefined ? [] : [hint]
      if (file.lost > 0) hints.push(`${file.lost} bytes of output are lost: the disk was full.`)
      sender.report({
        type: 'step.ended',
        step,
        attempt,
        status,
        exitCode,
        ...(hints.length === 0 ? {} : { hint: hints.join(' ') }),
        insignificant,
        log: receipt,
      })
    },
  }
}
