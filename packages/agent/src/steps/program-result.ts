import type { ProgramEnd } from '../process/run-program.ts'
import { stopReasonOf } from '../process/stop-reason.ts'
import { goDuration } from './go-duration.ts'
import { type StepContext, type StepResult, succeeded } from './step.ts'

/** Writes the last lines of a program's log (spec: execution.md 10.3, rules 4 and 5) and judges it. */
export function programResult(
  end: ProgramEnd,
  file: string,
  noOutputTimeoutS: number | undefined,
  context: StepContext,
): StepResult {
  switch (end.kind) {
    case 'exited':
      if (end.exitCode === 0) return succeeded
      return failWith(end.exitCode, context)
    case 'not-started':
      context.write(`${file}: ${end.text}\n`)
      return failWith(end.exitCode, context)
    case 'no-output': {
      const limit = goDuration(noOutputTimeoutS ?? 0)
      context.write(`\nToo long with no output (exceeded ${limit}): context deadline exceeded\n`)
      return { status: 'timedout', exitCode: null, hint: `no output for ${limit}` }
    }
    case 'stopped':
      return { status: stopReasonOf(context.signal).status, exitCode: null }
  }
}

function failWith(exitCode: number, context: StepContext): StepResult {
  context.write(`\nExited with code exit status ${exitCode}\n\nOrrery received exit code ${exitCode}\n`)
  return { status: 'failed', exitCode }
}
