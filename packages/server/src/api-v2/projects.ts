import { OrreryError } from '@orrery/protocol'
import { z } from 'zod'
import { actorOf } from '../auth/actor.ts'
import type { App } from '../http/app.ts'
import { optionalBody } from '../http/json-body.ts'
import type { Services } from '../services.ts'
import { AdvancedChanges, advancedAnswer, ProjectAdvanced } from './project-settings.ts'
import { Parameters, Triggered } from './schemas.ts'

const Body = optionalBody(
  z
    .object({
      branch: z.string().max(1000).optional(),
      tag: z.string().max(1000).optional(),
      parameters: Parameters.default({}),
      config: z.literal('', 'configs outside the repository are not enabled').optional(),
    })
    .refine((body) => !(body.branch && body.tag), 'branch and tag exclude each other'),
)
/** Clients send the slashes of a slug raw or as `%2F` (api.md 1.3). */
const Encoded = z.object({ slug: z.string() })
const Raw = z.object({ vcs: z.string(), org: z.string(), name: z.string() })

export async function projectRoutes(app: App, services: Services): Promise<void> {
  const options = { body: Body, response: { 201: Triggered } }
  app.post('/project/:slug/pipeline', { schema: { params: Encoded, ...options } }, async (request, reply) =>
    reply.code(201).send(await trigger(request.params.slug, request.body, actorOf(request))),
  )
  app.post('/project/:vcs/:org/:name/pipeline', { schema: { params: Raw, ...options } }, async (request, reply) => {
    const { vcs, org, name } = request.params
    return reply.code(201).send(await trigger(`${vcs}/${org}/${name}`, request.body, actorOf(request)))
  })

  const settingsUrl = '/project/:vcs/:org/:name/settings'
  const settings = { params: Raw, response: { 200: ProjectAdvanced } }
  app.get(settingsUrl, { schema: settings }, async ({ params: { vcs, org, name } }) => {
    const { id } = await projectOf(`${vcs}/${org}/${name}`)
    return advancedAnswer(await services.engine.projectSettings(id))
  })
  app.patch(settingsUrl, { schema: { ...settings, body: AdvancedChanges } }, async (request) => {
    const { vcs, org, name } = request.params
    const { id } = await projectOf(`${vcs}/${org}/${name}`)
    const { disable_ssh: disableSsh } = request.body.advanced
    const changes = { ...(disableSsh !== undefined && { disableSsh }) }
    return advancedAnswer(await services.engine.changeProjectSettings(id, changes, actorOf(request)))
  })

  async function projectOf(slug: string) {
    const project = await services.engine.projectBySlug(slug)
    if (!project) throw new OrreryError('ORY_NOT_FOUND', ['Project'])
    return project
  }

  /** Answers as soon as the pipeline is durable; a config error shows on the pipeline, as with a push. */
  async function trigger(slug: string, body: z.infer<typeof Body>, actor: { login: string }) {
    const project = await projectOf(slug)
    const ref = body.tag ? { tag: body.tag } : { branch: body.branch || project.defaultBranch }
    const pipeline = await services.pipelines.fromApi(project, ref, body.parameters, actor)
    services.background(services.pipelines.run(pipeline))
    const { id, number, createdAt } = pipeline
    return { id, number, state: 'pending' as const, created_at: createdAt.toISOString() }
  }
}
