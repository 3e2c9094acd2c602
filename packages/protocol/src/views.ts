/**
 * What the web app and the command line read. Base path `/api/private`; times are RFC 3339 UTC.
 *
 * | call | answer |
 * |---|---|
 * | `GET /me` | Me |
 * | `GET /projects` | `{items: ProjectView[]}` |
 * | `POST /projects` with `{name: <org>/<project>, from?}` | ProjectView |
 * | `GET /projects/:id/settings`, `PATCH` with a part of them | ProjectSettings |
 * | `DELETE /projects/:id/layers` | nothing: later jobs find no cached Docker layers |
 * | `GET /projects/:id/ssh-keys` | `{items: SshKeyView[]}` |
 * | `POST /projects/:id/ssh-keys` with `{hostname, privateKey}` | SshKeyView |
 * | `DELETE /projects/:id/ssh-keys` with `{hostname, fingerprint}` | nothing |
 * | `GET /pipelines?project=<slug>&branch=&before=<number of the last row>&limit=` | `{items: PipelineView[], next: string \| null}` |
 * | `GET /pipelines/:id` | PipelineView |
 * | `GET /workflows/:id` | WorkflowView |
 * | `GET /jobs/:id` | JobView |
 * | `GET /jobs/:id/artifacts` | `{items: ArtifactView[]}` |
 * | `GET /jobs/:id/tests` | `{items: TestView[], summary}` |
 * | `GET /jobs/:id/coverage` | `{items: CoverageView[], summary: {lines, branches}}` |
 * | `GET /jobs/:id/log?task=&step=&attempt=` | the raw log, text/plain |
 * | `GET /me/ssh-keys`, `POST` with `{publicKey, name?}`, `DELETE /me/ssh-keys/:id` | `{items: UserKeyView[]}`, UserKeyView, nothing |
 * | `GET /stream?scope=all\|pipeline:<id>\|workflow:<id>\|job:<id>` | SSE of ChangeEvent, `id:` = cursor, resumes by Last-Event-ID |
 * | `GET /jobs/:id/log/stream?task=&step=&attempt=&offset=` | SSE of LogChunk until the step ended, then `event: end` |
 *
 * Actions are those of API v2: `POST /api/v2/workflow/:id/{cancel,rerun,approve/:requestId}`, `POST /api/v2/jobs/:id/cancel`.
 */
import { z } from 'zod'
import { CoverageFormat, FileCoverage, TaskUsage } from './agent-api.ts'
import { JobStatus, JobType, PipelineState, StepStatus, WorkflowStatus } from './statuses.ts'
import { SourceRef } from './steps.ts'

const time = z.iso.datetime()

export const Me = z.object({ login: z.string(), admin: z.boolean() })
export type Me = z.infer<typeof Me>

export const ProjectView = z.object({
  id: z.uuid(),
  slug: z.string(),
  name: z.string(),
  defaultBranch: z.string(),
  /** Address to push to. */
  gitUrl: z.string(),
})
export type ProjectView = z.infer<typeof ProjectView>

/** What people decide for a project. */
export const ProjectSettings = z.object({
  /** Nobody may rerun its jobs with SSH (platform.md 8). A job that has it already keeps it. */
  disableSsh: z.boolean(),
  /** Builds of forks without secrets also read the project's own caches (execution.md 22, A9). They never write them. */
  forksReadCaches: z.boolean(),
})
export type ProjectSettings = z.infer<typeof ProjectSettings>

/** An additional SSH key of a project (execution.md 10.7); the private part is never shown again. */
export const SshKeyView = z.object({
  /** Empty = every host. */
  hostname: z.string(),
  publicKey: z.string(),
  /** Hex pairs with colons. */
  fingerprintMd5: z.string(),
  /** Base64 without prefix and padding. */
  fingerprintSha256: z.string(),
})
export type SshKeyView = z.infer<typeof SshKeyView>

/** A public key that opens jobs which its owner reran with SSH. */
export const UserKeyView = z.object({
  id: z.uuid(),
  name: z.string(),
  publicKey: z.string(),
  /** As `ssh-keygen -l` prints it. */
  fingerprint: z.string(),
  createdAt: time,
})
export type UserKeyView = z.infer<typeof UserKeyView>

export const PipelineError = z.object({
  type: z.enum([
    'config',
    'config-fetch',
    'invalid-trigger-setup',
    'trigger-rule',
    'timeout',
    'permission',
    'plan',
    'other',
  ]),
  message: z.string(),
  /** Where, when the error has a place in a file. */
  code: z.string().optional(),
  file: z.string().optional(),
  line: z.number().int().optional(),
  column: z.number().int().optional(),
  hint: z.string().optional(),
  /** A few source lines with a caret line, ready to print in a fixed-width font. */
  excerpt: z.string().optional(),
})
export type PipelineError = z.infer<typeof PipelineError>

export const WorkflowSummary = z.object({
  id: z.uuid(),
  name: z.string(),
  status: WorkflowStatus,
  createdAt: time,
  stoppedAt: time.nullable(),
})
export type WorkflowSummary = z.infer<typeof WorkflowSummary>

export const PipelineView = z.object({
  id: z.uuid(),
  number: z.number().int(),
  projectSlug: z.string(),
  projectName: z.string(),
  state: PipelineState,
  branch: z.string().nullable(),
  tag: z.string().nullable(),
  revision: z.string(),
  subject: z.string(),
  author: z.string(),
  trigger: z.string(),
  createdAt: time,
  errors: z.array(PipelineError),
  workflows: z.array(WorkflowSummary),
})
export type PipelineView = z.infer<typeof PipelineView>

export const JobSummary = z.object({
  id: z.uuid(),
  name: z.string(),
  type: JobType,
  status: JobStatus,
  jobNumber: z.number().int().nullable(),
  /** Ids of the jobs of this workflow that it requires. */
  requires: z.array(z.uuid()),
  parallelism: z.number().int(),
  startedAt: time.nullable(),
  stoppedAt: time.nullable(),
  approvalRequestId: z.uuid().nullable(),
  /** Why it waits or ended, when that is not plain from the status. */
  reason: z.string().nullable(),
})
export type JobSummary = z.infer<typeof JobSummary>

export const WorkflowView = WorkflowSummary.extend({
  pipeline: PipelineView.omit({ workflows: true }),
  jobs: z.array(JobSummary),
})
export type WorkflowView = z.infer<typeof WorkflowView>

export const StepView = z.object({
  step: z.number().int(),
  attempt: z.number().int(),
  name: z.string(),
  kind: z.string(),
  command: z.string().nullable(),
  status: StepStatus,
  exitCode: z.number().int().nullable(),
  background: z.boolean(),
  insignificant: z.boolean(),
  hint: z.string().nullable(),
  startedAt: time,
  endedAt: time.nullable(),
  logBytes: z.number().int(),
  origin: z.array(SourceRef),
})
export type StepView = z.infer<typeof StepView>

export const TaskView = z.object({
  index: z.number().int(),
  status: JobStatus,
  /** When it began to wait for a runner, when a runner began with it, when it ended. */
  runnableAt: time,
  startedAt: time.nullable(),
  endedAt: time.nullable(),
  /** Told at its end; null where it is not known. */
  usage: TaskUsage.nullable(),
  steps: z.array(StepView),
})
export type TaskView = z.infer<typeof TaskView>

export const JobView = JobSummary.extend({
  workflow: WorkflowSummary,
  pipeline: PipelineView.omit({ workflows: true }),
  executor: z.string(),
  resourceClass: z.string(),
  contexts: z.array(z.string()),
  /** Neither the project's settings nor the operator's forbid it. */
  canRerunWithSsh: z.boolean(),
  tasks: z.array(TaskView),
})
export type JobView = z.infer<typeof JobView>

export const ArtifactView = z.object({
  path: z.string(),
  nodeIndex: z.number().int(),
  size: z.number().int(),
  url: z.string(),
})
export type ArtifactView = z.infer<typeof ArtifactView>

export const TestView = z.object({
  name: z.string(),
  classname: z.string(),
  file: z.string().optional(),
  runTime: z.number(),
  result: z.enum(['success', 'failure', 'error', 'skipped']),
  message: z.string(),
  nodeIndex: z.number().int(),
  /** On the same commit it both passed and failed lately. */
  flaky: z.boolean().optional(),
})
export type TestView = z.infer<typeof TestView>

export const CoverageView = z.object({
  /** Where the job had the report. */
  report: z.string(),
  format: CoverageFormat,
  nodeIndex: z.number().int(),
  files: z.array(FileCoverage),
})
export type CoverageView = z.infer<typeof CoverageView>

/** Something changed: the reader fetches what it shows again. */
export const ChangeEvent = z.object({
  kind: z.string(),
  pipelineId: z.uuid().nullable(),
  workflowId: z.uuid().nullable(),
  jobId: z.uuid().nullable(),
  at: time,
})
export type ChangeEvent = z.infer<typeof ChangeEvent>

/** Log bytes as text; `next` is the byte offset after them (`id:` of the SSE message too). */
export const LogChunk = z.object({ offset: z.number().int(), next: z.number().int(), text: z.string() })
export type LogChunk = z.infer<typeof LogChunk>
