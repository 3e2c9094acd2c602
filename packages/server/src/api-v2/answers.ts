import { userId } from '@orrery/engine'
import type { JobSummary, PipelineView, WorkflowSummary } from '@orrery/protocol'
import type { z } from 'zod'
import type { Pipeline, Workflow, WorkflowJob } from './schemas.ts'

const triggers = ['scheduled_pipeline', 'explicit', 'api', 'webhook'] as const

export function pipelineAnswer(view: Omit<PipelineView, 'workflows'>, repositoryUrl: string): z.infer<typeof Pipeline> {
  return {
    id: view.id,
    errors: view.errors.map(({ type, message }) => ({ type, message })),
    project_slug: view.projectSlug,
    updated_at: view.createdAt,
    number: view.number,
    state: view.state,
    created_at: view.createdAt,
    trigger: {
      type: triggers.find((one) => one === view.trigger) ?? 'explicit',
      received_at: view.createdAt,
      actor: { login: view.author, avatar_url: null },
    },
    vcs: {
      provider_name: 'Orrery',
      target_repository_url: repositoryUrl,
      origin_repository_url: repositoryUrl,
      revision: view.revision,
      ...(view.branch !== null && { branch: view.branch }),
      ...(view.tag !== null && { tag: view.tag }),
      commit: { subject: view.subject, body: null },
    },
  }
}

export function workflowAnswer(
  workflow: WorkflowSummary,
  pipeline: Omit<PipelineView, 'workflows'>,
): z.infer<typeof Workflow> {
  return {
    id: workflow.id,
    name: workflow.name,
    pipeline_id: pipeline.id,
    pipeline_number: pipeline.number,
    project_slug: pipeline.projectSlug,
    // The closed list of this API has no `queued`.
    status: workflow.status === 'queued' ? 'running' : workflow.status,
    started_by: userId(pipeline.author),
    created_at: workflow.createdAt,
    stopped_at: workflow.stoppedAt,
  }
}

export function jobAnswer(job: JobSummary, projectSlug: string): z.infer<typeof WorkflowJob> {
  return {
    id: job.id,
    name: job.name,
    type: job.type,
    status: job.status,
    project_slug: projectSlug,
    dependencies: job.requires,
    ...(job.jobNumber !== null && { job_number: job.jobNumber }),
    started_at: job.startedAt,
    stopped_at: job.stoppedAt,
    ...(job.approvalRequestId !== null && { approval_request_id: job.approvalRequestId }),
  }
}
