import { RemoteDockerAnswer, RemoteDockerEnd, type SetupRemoteDockerStep, type SourceRef } from '@orrery/protocol'
import { askPlace } from '../uplink/ask-place.ts'
import { openStep } from './open-step.ts'
import { firstStep } from './run-steps.ts'
import type { Task } from './task.ts'

/** Number of *DLC set-up*: before *Enable SSH* and the first configured step. */
const setUpStep = 99

/**
 * *DLC set-up*, before the steps of a job with Docker layer caching (spec: execution.md 6.3): the engine is started with
 * the layers of earlier jobs. No step sees it before `setup_remote_docker` says where it is. A failure is that step's to
 * tell, so it does not fail the job here.
 */
export async function setUpLayers(task: Task): Promise<void> {
  const step = layerStep(task)
  if (step === undefined || task.signal.aborted) return
  const { version = 'default', dockerLayerCaching } = step
  await infrastructureStep(task, setUpStep, 'DLC set-up', async () => {
    const answer = await askPlace(task.connection, '/place/remote-docker', { version, dockerLayerCaching }, task.signal)
    return RemoteDockerAnswer.parse(answer).text
  })
}

/** *DLC teardown*, after them: the engine stops in good order, so that its layers can be used again. */
export async function tearDownLayers(task: Task): Promise<void> {
  if (layerStep(task) === undefined || task.signal.aborted) return
  // Behind the last configured step and *Wait for SSH*.
  await infrastructureStep(task, firstStep + task.spec.steps.length + 1, 'DLC teardown', async () => {
    return RemoteDockerEnd.parse(await askPlace(task.connection, '/place/remote-docker/end', {}, task.signal)).text
  })
}

/** The step that decides: whichever comes first gets the engine. */
function layerStep({ spec }: Task): SetupRemoteDockerStep | undefined {
  const step = spec.steps.find((one) => one.kind === 'setup_remote_docker')
  return step?.dockerLayerCaching === true ? step : undefined
}

async function infrastructureStep(task: Task, step: number, name: string, work: () => Promise<string>): Promise<void> {
  const origin: SourceRef[] = []
  const open = openStep(task, { step, attempt: 0, name, kind: 'infrastructure', background: false, origin })
  try {
    open.log.write(await work())
    await open.end({ status: 'success', exitCode: null }, true)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    open.log.write(`${message}\n`)
    await open.end({ status: task.signal.aborted ? 'canceled' : 'failed', exitCode: null, hint: message }, true)
  }
}
