import { randomBytes } from 'node:crypto'
import type { BuildSpec, Plan, PlanJob, RequiredStatus } from '@orrery/config'
import type { Engine, PendingPipeline, PipelineRequest, Project } from '../../src/index.ts'

const origin = { file: 'config.yml', start: { line: 1, column: 1 }, end: { line: 1, column: 2 } }

export interface JobDraft {
  /** A name, or a name with the statuses it may have. */
  requires?: (string | { job: string; statuses: RequiredStatus[] })[]
  type?: PlanJob['type']
  contexts?: string[]
  spec?: Partial<BuildSpec>
}

/** A plan from `{workflow: {job: draft}}`; jobs in topological order. */
export function planOf(workflows: Record<string, Record<string, JobDraft>>, maxAutoReruns?: number): Plan {
  return {
    outcome: 'ok',
    schedules: [],
    workflows: Object.entries(workflows).map(([name, jobs]) => ({
      name,
      ...(maxAutoReruns === undefined ? {} : { maxAutoReruns }),
      jobs: Object.entries(jobs).map(([job, draft]) => jobOf(job, draft)),
      origin,
    })),
  }
}

function jobOf(name: string, draft: JobDraft): PlanJob {
  const type = draft.type ?? 'build'
  return {
    name,
    definition: name,
    type,
    requires: (draft.requires ?? []).map((one) =>
      typeof one === 'string' ? { job: one, statuses: ['success'] } : one,
    ),
    contexts: draft.contexts ?? [],
    ...(type === 'build' ? { spec: { ...buildSpec(), ...draft.spec } } : {}),
    origin,
  }
}

function buildSpec(): BuildSpec {
  return {
    executor: { type: 'docker', images: [{ image: 'cimg/base:2026.01', environment: {} }] },
    parallelism: 1,
    environment: {},
    workingDirectory: '~/project',
    steps: [{ kind: 'run', name: 'Test', command: 'true', environment: {}, background: false, origin: [] }],
    ipRanges: false,
  }
}

export async function newProject(engine: Engine): Promise<Project> {
  const name = `app-${randomBytes(4).toString('hex')}`
  return engine.createProject({ slug: `local/acme/${name}`, name, defaultBranch: 'main' })
}

export function pushTo(project: Project, more: Partial<PipelineRequest> = {}): PipelineRequest {
  return {
    projectId: project.id,
    trigger: 'webhook',
    actor: { login: 'ann' },
    vcs: { branch: 'main', revision: 'c0ffee', subject: 'Fix it', body: '', author: 'Ann' },
    parameters: {},
    ...more,
  }
}

export interface Started {
  project: Project
  pipeline: PendingPipeline
  /** Id of the workflow with that name. */
  workflow(name?: string): Promise<string>
}

/** Begins and starts a pipeline with the plan. */
export async function start(
  engine: Engine,
  plan: Plan,
  more: Partial<PipelineRequest> & { project?: Project } = {},
): Promise<Started> {
  const { project = await newProject(engine), ...request } = more
  const pipeline = await engine.beginPipeline(pushTo(project, request))
  await engine.startPipeline(pipeline.id, { source: 'jobs: {}', compiled: 'jobs: {}\n', plan })
  return {
    project,
    pipeline,
    async workflow(name = 'main') {
      const { workflows } = await engine.pipeline(pipeline.id)
      const found = workflows.find((one) => one.name === name)
      if (!found) throw new Error(`no workflow ${name}`)
      return found.id
    },
  }
}

/** `{job name: status}` of a workflow. */
export async function jobStatuses(engine: Engine, workflowId: string): Promise<Record<string, string>> {
  const { jobs } = await engine.workflow(workflowId)
  return Object.fromEntries(jobs.map((job) => [job.name, job.status]))
}

export async function jobId(engine: Engine, workflowId: string, name: string): Promise<string> {
  const { jobs } = await engine.workflow(workflowId)
  const found = jobs.find((job) => job.name === name)
  if (!found) throw new Error(`no job ${name}`)
  return found.id
}
