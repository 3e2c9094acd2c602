import { OrreryError } from '@orrery/protocol'
import { z } from 'zod'
import { leaseOf } from '../auth/actor.ts'
import { serveGit } from '../git/http-backend.ts'
import { parseGitAddress } from '../git/routes.ts'
import type { App } from '../http/app.ts'
import { takeRawBodies } from '../http/raw-body.ts'
import type { Services } from '../services.ts'

const Task = z.object({ taskId: z.uuid() })
const Git = Task.extend({ '*': z.string() })

/** The code under test: as a tar, or by git, read only and from the task's own project. */
export async function sourceRoutes(app: App, services: Services): Promise<void> {
  takeRawBodies(app)

  app.get('/source.tar', { schema: { params: Task } }, async (request, reply) => {
    const scope = await services.engine.taskScope(leaseOf(request, request.params.taskId))
    const tar = services.vcs.archive({ slug: scope.projectSlug }, scope.revision)
    return reply.type('application/x-tar').send(tar)
  })

  app.route({
    method: ['GET', 'POST'],
    url: '/git/*',
    schema: { params: Git, querystring: z.object({ service: z.string().optional() }) },
    handler: async (request, reply) => {
      const scope = await services.engine.taskScope(leaseOf(request, request.params.taskId))
      const address = parseGitAddress(request.method, request.params['*'], request.query.service)
      if (address?.slug !== scope.projectSlug) throw new OrreryError('ORY_NOT_FOUND', ['Repository'])
      if (address.service !== 'git-upload-pack') throw new OrreryError('ORY_FORBIDDEN')
      return serveGit(request, reply, { root: services.gitRoot, login: `task:${scope.taskId}`, ...address })
    },
  })
}
