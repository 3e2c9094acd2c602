import { type Masker, maskerFor } from '@orrery/protocol/masking'
import type { Place, ServicePlace } from './drivers/driver.ts'
import { shipLog } from './log-shipper.ts'
import type { RunnerContext, Task } from './task.ts'

/** The `Container <image>` steps of one task (spec: execution.md 2.4): numbers 2, 3, … in the order of the config. */
export interface ServiceSteps {
  /** The job is over: services that still run end as `canceled`. */
  jobEnded(): void
  /** Resolves when every step was reported; the containers must have been destroyed before. */
  finished(): Promise<void>
}

const firstStep = 2

export function startServiceSteps(context: RunnerContext, task: Task, place: Place): ServiceSteps {
  let over = false
  const { stopped, log } = context
  // Its tables are not built for the many jobs that have no services.
  const newMasker = place.services.length === 0 ? undefined : maskerFor(task.maskValues)
  const steps = place.services.map((service, index) =>
    runStep(task, masked(service, newMasker), firstStep + index, () => over, stopped).catch((error: unknown) => {
      log('the step of a service broke', 'error', { taskId: task.held.taskId, error: String(error) })
    }),
  )
  return {
    jobEnded() {
      over = true
    },
    async finished() {
      await Promise.all(steps)
    },
  }
}

/**
 * The service with secrets masked in its log. What may be the beginning of one is held back until more is said or the log
 * ends: a log that is read again after a restart must have the same bytes, however slowly it came.
 */
function masked(service: ServicePlace, newMasker: (() => Masker) | undefined): ServicePlace {
  if (newMasker === undefined) return service
  return {
    ...service,
    async *logs(signal) {
      const masker = newMasker()
      for await (const { buffer, byteOffset, length } of service.logs(signal)) {
        yield masker.push(Buffer.from(buffer, byteOffset, length))
      }
      yield masker.flush()
    },
  }
}

async function runStep(
  task: Task,
  service: ServicePlace,
  step: number,
  isOver: () => boolean,
  stopped: AbortSignal,
): Promise<void> {
  const reported = (type: 'step.started' | 'step.ended'): boolean =>
    task.reporter.earlier.some((event) => event.type === type && event.step === step)
  if (reported('step.ended')) return
  if (!reported('step.started')) {
    await task.reporter.report({
      type: 'step.started',
      step,
      attempt: 0,
      name: `Container ${service.image}`,
      kind: 'infrastructure',
      background: true,
      origin: [],
    })
  }
  let ownExit: number | undefined
  const exited = service.exited.then(({ exitCode }) => {
    if (!isOver()) ownExit = exitCode
  })
  const signal = AbortSignal.any([stopped, task.abandoned])
  const log = await shipLog({
    client: task.client,
    step,
    source: (reading) => service.logs(reading),
    limit: task.logBytesPerStep,
    signal,
  })
  if (log === undefined) return
  await exited
  await task.reporter.report({
    type: 'step.ended',
    step,
    attempt: 0,
    status: ownExit === undefined ? 'canceled' : ownExit === 0 ? 'success' : 'failed',
    exitCode: ownExit ?? null,
    insignificant: true,
    log,
  })
}
