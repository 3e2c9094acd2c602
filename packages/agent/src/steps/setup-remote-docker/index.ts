import { RemoteDockerAnswer, type SetupRemoteDockerStep } from '@orrery/protocol'
import type { ProcessContext } from '../process-context.ts'
import { failed, type StepResult, succeeded } from '../step.ts'

/** Has the runner start an engine for this task and lets `docker` in later steps talk to it (spec: execution.md 6.1). */
export async function execute(step: SetupRemoteDockerStep, context: ProcessContext): Promise<StepResult> {
  const { version = 'default', dockerLayerCaching } = step
  if (context.spec.executor.type !== 'docker') {
    const hint = `setup_remote_docker is for jobs with docker; a ${context.spec.executor.type} job has an engine of its own`
    context.write(`${hint}\n`)
    return { ...failed, hint }
  }
  try {
    const answer = await context.askPlace('/place/remote-docker', { version, dockerLayerCaching })
    const { host, text } = RemoteDockerAnswer.parse(answer)
    context.write(text)
    context.setVariables({ DOCKER_HOST: host })
    return succeeded
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    context.write(`No remote Docker engine: ${message}\n`)
    return { ...failed, hint: message }
  }
}
