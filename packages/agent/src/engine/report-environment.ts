import type { JobSpec } from '@orrery/protocol'
import { describeEnvironment } from '../environment/describe.ts'
import type { TaskEnvironment } from '../environment/environment.ts'
import { openStep, type StepReporter } from './open-step.ts'

/** Step 1, "Preparing environment variables" (spec: execution.md 2.4). */
export async function reportEnvironment(
  reporter: StepReporter,
  spec: JobSpec,
  environment: TaskEnvironment,
): Promise<void> {
  const open = openStep(reporter, {
    step: 1,
    attempt: 0,
    name: 'Preparing environment variables',
    kind: 'infrastructure',
    background: false,
    origin: [],
  })
  open.log.write(describeEnvironment(spec, environment.vars))
  await open.end({ status: 'success', exitCode: null }, false)
}
