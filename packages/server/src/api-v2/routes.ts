import { userId } from '@orrery/engine'
import { actorOf } from '../auth/actor.ts'
import { setAccess } from '../auth/guard.ts'
import type { App } from '../http/app.ts'
import type { Services } from '../services.ts'
import { jobDataRoutes } from './jobs.ts'
import { pipelineRoutes } from './pipelines.ts'
import { projectRoutes } from './projects.ts'
import { User } from './schemas.ts'
import { workflowRoutes } from './workflows.ts'

/** The part of API v2 that people's commands need. Errors are `{message}`, as everywhere (http/errors.ts). */
export async function v2Routes(app: App, services: Services): Promise<void> {
  setAccess(app, 'user')
  app.get('/me', { schema: { response: { 200: User } } }, async (request) => {
    const { login } = actorOf(request)
    return { id: userId(login), login, name: login, avatar_url: null }
  })
  await pipelineRoutes(app, services)
  await workflowRoutes(app, services)
  await projectRoutes(app, services)
  await jobDataRoutes(app, services)
}
