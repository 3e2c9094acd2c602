import type { JobView } from '@orrery/protocol'
import type { ApiClient } from '../../packages/cli/src/client/api.ts'
import { followPipeline, type PipelineListener, type PipelineResult } from '../../packages/cli/src/client/follow.ts'

/** Waits for a pipeline's end; approvals are given. */
export function untilEnd(
  client: ApiClient,
  pipelineId: string,
  listener: Partial<PipelineListener> = {},
): Promise<PipelineResult> {
  return followPipeline(client, pipelineId, { jobChanged() {}, held: async () => 'approve', ...listener })
}

/** `{job: status}` of all workflows. */
export function statuses(result: PipelineResult): Record<string, string> {
  return Object.fromEntries(result.workflows.flatMap((workflow) => workflow.jobs).map((job) => [job.name, job.status]))
}

export async function jobNamed(client: ApiClient, result: PipelineResult, name: string): Promise<JobView> {
  const job = result.workflows.flatMap((workflow) => workflow.jobs).find((one) => one.name === name)
  if (!job) throw new Error(`no job ${name}`)
  return client.job(job.id)
}

/** Log of a configured step by its name. */
export async function logOf(client: ApiClient, job: JobView, stepName: string, node = 0): Promise<string> {
  const step = job.tasks[node]?.steps.find((one) => one.name === stepName)
  if (!step) throw new Error(`no step ${stepName} in ${job.name}`)
  return (await client.log(job.id, node, step.step, step.attempt)).toString()
}
