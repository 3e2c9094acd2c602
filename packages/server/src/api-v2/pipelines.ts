import { z } from 'zod'
import type { App } from '../http/app.ts'
import type { Services } from '../services.ts'
import { pipelineAnswer, workflowAnswer } from './answers.ts'
import { Parameters, Pipeline, PipelineConfig, pageOf, Workflow } from './schemas.ts'

const Id = z.object({ id: z.uuid() })
/** The hosted product's own limit of a config is 4 MB; JSON may need two bytes for one. */
const maxBodyBytes = 9 * 1024 * 1024
const Continue = z.object({
  'continuation-key': z.string().min(1).max(200),
  configuration: z.string(),
  parameters: Parameters.default({}),
})
const Message = z.object({ message: z.string() })

export async function pipelineRoutes(app: App, services: Services): Promise<void> {
  const { engine, vcs } = services
  app.get('/pipeline/:id', { schema: { params: Id, response: { 200: Pipeline } } }, async (request) => {
    const view = await engine.pipeline(request.params.id)
    return pipelineAnswer(view, vcs.repositoryUrl({ slug: view.projectSlug }))
  })
  // The key says who asks: the continuation orb sends no token.
  app.post(
    '/pipeline/continue',
    { config: { access: 'public' }, bodyLimit: maxBodyBytes, schema: { body: Continue, response: { 200: Message } } },
    async ({ body }) => {
      const { configuration: source, parameters } = body
      await services.pipelines.continue(body['continuation-key'], { source, parameters })
      return { message: 'OK' }
    },
  )
  app.get(
    '/pipeline/:id/workflow',
    { schema: { params: Id, response: { 200: pageOf(Workflow) } } },
    async (request) => {
      const view = await engine.pipeline(request.params.id)
      return { items: view.workflows.map((one) => workflowAnswer(one, view)), next_page_token: null }
    },
  )
  app.get('/pipeline/:id/config', { schema: { params: Id, response: { 200: PipelineConfig } } }, async (request) =>
    engine.pipelineConfig(request.params.id),
  )
}
