import { JobStatus, JobType, PipelineError, PipelineState, WorkflowStatus } from '@orrery/protocol'
import { z } from 'zod'

/** Answers of API v2 (api.md 2.1 to 2.3). Keys and optionality are what existing clients parse. */
const time = z.iso.datetime()

export const Message = z.object({ message: z.string() })

export const User = z.object({ id: z.uuid(), login: z.string(), name: z.string(), avatar_url: z.string().nullable() })

export const Pipeline = z.object({
  id: z.uuid(),
  errors: z.array(z.object({ type: PipelineError.shape.type, message: z.string() })),
  project_slug: z.string(),
  updated_at: time.optional(),
  number: z.number().int(),
  state: PipelineState,
  created_at: time,
  trigger: z.object({
    type: z.enum(['scheduled_pipeline', 'explicit', 'api', 'webhook']),
    received_at: time,
    actor: z.object({ login: z.string(), avatar_url: z.string().nullable() }),
  }),
  vcs: z.object({
    provider_name: z.string(),
    target_repository_url: z.string(),
    origin_repository_url: z.string(),
    revision: z.string(),
    branch: z.string().optional(),
    tag: z.string().optional(),
    commit: z.object({ subject: z.string().nullable(), body: z.string().nullable() }),
  }),
})

/** Pipeline parameters as callers send them; limits of platform.md 3.4. */
export const Parameters = z
  .record(z.string().max(128), z.union([z.string().max(512), z.number(), z.boolean()]))
  .refine((all) => Object.keys(all).length <= 100, 'has more than 100 entries')

export const PipelineConfig = z.object({ source: z.string(), compiled: z.string() })

export const Triggered = z.object({
  id: z.uuid(),
  state: PipelineState,
  number: z.number().int(),
  created_at: time,
})

export const Workflow = z.object({
  id: z.uuid(),
  name: z.string(),
  pipeline_id: z.uuid(),
  pipeline_number: z.number().int(),
  project_slug: z.string(),
  status: WorkflowStatus.exclude(['queued']),
  started_by: z.uuid(),
  created_at: time,
  stopped_at: time.nullable(),
})

export const WorkflowJob = z.object({
  id: z.uuid(),
  name: z.string(),
  type: JobType,
  status: JobStatus,
  project_slug: z.string(),
  dependencies: z.array(z.uuid()),
  job_number: z.number().int().optional(),
  started_at: time.nullable(),
  stopped_at: time.nullable(),
  approval_request_id: z.uuid().optional(),
})

/** One page that is also the last: lists of a pipeline and of a workflow are short. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next_page_token: z.string().nullable() })
}
