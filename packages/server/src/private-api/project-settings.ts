import { ProjectSettings } from '@orrery/protocol'
import { z } from 'zod'
import { actorOf } from '../auth/actor.ts'
import type { App } from '../http/app.ts'
import type { Services } from '../services.ts'

const Id = z.object({ id: z.uuid() })
const answer = { response: { 200: ProjectSettings } }

/** What people decide for a project, and what they clear away. */
export async function projectSettingsRoutes(app: App, { engine }: Services): Promise<void> {
  const url = '/projects/:id/settings'
  app.get(url, { schema: { params: Id, ...answer } }, async (request) => engine.projectSettings(request.params.id))
  app.patch(url, { schema: { params: Id, body: ProjectSettings.partial().strict(), ...answer } }, async (request) =>
    engine.changeProjectSettings(request.params.id, request.body, actorOf(request)),
  )
  app.delete('/projects/:id/layers', { schema: { params: Id } }, async (request, reply) => {
    await engine.purgeLayers(request.params.id, actorOf(request))
    return reply.code(204).send()
  })
}
