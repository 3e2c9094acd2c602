import {
  ArtifactView,
  JobView,
  Me,
  OrreryError,
  PipelineView,
  ProjectView,
  TestView,
  WorkflowView,
} from '@orrery/protocol'
import { z } from 'zod'
import { actorOf } from '../auth/actor.ts'
import { setAccess } from '../auth/guard.ts'
import type { App } from '../http/app.ts'
import { registerProject } from '../projects.ts'
import type { Services } from '../services.ts'
import { forbidsSsh } from '../settings.ts'
import { artifactUrl } from './artifact-address.ts'
import { artifactRoutes } from './artifacts.ts'
import { CoverageAnswer, sumOf } from './coverage.ts'
import { logRoutes } from './logs.ts'
import { projectSettingsRoutes } from './project-settings.ts'
import { sshKeyRoutes } from './ssh-keys.ts'
import { streamRoutes } from './streams.ts'
import { userKeyRoutes } from './user-keys.ts'

/** `name` is `<org>/<project>`; `from` an https address, or a path on the server's own machine. */
const NewProject = z.object({ name: z.string().max(200), from: z.string().max(4000).optional() })
const Id = z.object({ id: z.uuid() })
const PipelineQuery = z.object({
  project: z.string().optional(),
  branch: z.string().optional(),
  before: z.coerce.number().int().optional(),
  limit: z.coerce.number().int().min(1).max(100).default(30),
})

/** What the web app and the command line read: the table in protocol's views.ts. */
export async function privateRoutes(app: App, services: Services): Promise<void> {
  setAccess(app, 'user')
  const { engine } = services

  app.get('/me', { schema: { response: { 200: Me } } }, async (request) => ({
    login: actorOf(request).login,
    admin: true,
  }))

  app.get('/projects', { schema: { response: { 200: itemsOf(ProjectView) } } }, async () => {
    const projects = await engine.listProjects()
    return { items: projects.map((project) => ({ ...project, gitUrl: services.vcs.repositoryUrl(project) })) }
  })

  app.post('/projects', { schema: { body: NewProject, response: { 201: ProjectView } } }, async (request, reply) => {
    const { name, from } = request.body
    const project = await registerProject(engine, services.gitRoot, {
      slug: `local/${name}`,
      ...(from !== undefined && { from }),
    })
    return reply.code(201).send({ ...project, gitUrl: services.vcs.repositoryUrl(project) })
  })

  app.get(
    '/pipelines',
    {
      schema: {
        querystring: PipelineQuery,
        response: { 200: itemsOf(PipelineView).extend({ next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { project: slug, branch, before, limit } = request.query
      const project = slug === undefined ? undefined : await engine.projectBySlug(slug)
      if (project === null) throw new OrreryError('ORY_NOT_FOUND', ['Project'])
      return engine.listPipelines({
        limit,
        ...(project && { projectId: project.id }),
        ...(branch !== undefined && { branch }),
        ...(before !== undefined && { before }),
      })
    },
  )

  app.get('/pipelines/:id', { schema: { params: Id, response: { 200: PipelineView } } }, async (request) =>
    engine.pipeline(request.params.id),
  )
  app.get('/workflows/:id', { schema: { params: Id, response: { 200: WorkflowView } } }, async (request) =>
    engine.workflow(request.params.id),
  )
  app.get('/jobs/:id', { schema: { params: Id, response: { 200: JobView } } }, async (request) =>
    asReader(services, await engine.job(request.params.id)),
  )

  app.get(
    '/jobs/:id/artifacts',
    { schema: { params: Id, response: { 200: itemsOf(ArtifactView) } } },
    async (request) => {
      const { id } = request.params
      const artifacts = await engine.jobArtifacts(id)
      return { items: artifacts.map((one) => ({ ...one, url: artifactUrl(id, one.nodeIndex, one.path) })) }
    },
  )

  app.get('/jobs/:id/tests', { schema: { params: Id, response: { 200: TestsAnswer } } }, async (request) => {
    const items = await engine.jobTests(request.params.id)
    return { items, summary: summaryOf(items) }
  })

  await app.register(async (scope: App) => projectSettingsRoutes(scope, services))
  await app.register(async (scope: App) => sshKeyRoutes(scope, services))
  app.get('/jobs/:id/coverage', { schema: { params: Id, response: { 200: CoverageAnswer } } }, async (request) => {
    const items = await engine.jobCoverage(request.params.id)
    return { items, summary: sumOf(items) }
  })

  await app.register(async (scope: App) => artifactRoutes(scope, services))
  await app.register(async (scope: App) => logRoutes(scope, services))
  await app.register(async (scope: App) => userKeyRoutes(scope, services))
  await app.register(async (scope: App) => streamRoutes(scope, services))
}

/** The job with what the operator has to say about it. */
function asReader({ noSsh }: Services, job: JobView): JobView {
  return { ...job, canRerunWithSsh: job.canRerunWithSsh && !forbidsSsh(noSsh, job.pipeline.projectSlug) }
}

function itemsOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item) })
}

const TestsAnswer = itemsOf(TestView).extend({
  /** How many tests ended with each result. */
  summary: z.record(TestView.shape.result, z.number().int()),
})

function summaryOf(tests: TestView[]): Record<TestView['result'], number> {
  const summary = { success: 0, failure: 0, error: 0, skipped: 0 }
  for (const test of tests) summary[test.result] += 1
  return summary
}
