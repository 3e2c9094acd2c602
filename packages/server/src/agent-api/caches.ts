import { CacheLookup, CacheLookupAnswer } from '@orrery/protocol'
import { z } from 'zod'
import { leaseOf } from '../auth/actor.ts'
import type { App } from '../http/app.ts'
import { sendBlob } from '../http/send-blob.ts'
import type { Services } from '../services.ts'

const Task = z.object({ taskId: z.uuid() })
const Cache = Task.extend({ cacheId: z.uuid() })

/** Finding and reading caches; the engine keeps every task inside its own project's scope. */
export async function cacheRoutes(app: App, services: Services): Promise<void> {
  const { engine } = services
  app.post(
    '/caches/lookup',
    { schema: { params: Task, body: CacheLookup, response: { 200: CacheLookupAnswer } } },
    async (request) => {
      const lease = leaseOf(request, request.params.taskId)
      const wanted = request.body
      const hit =
        'exact' in wanted ? await engine.exactCache(lease, wanted.exact) : await engine.lookupCache(lease, wanted.keys)
      return { hit }
    },
  )
  app.get('/caches/:cacheId', { schema: { params: Cache } }, async (request, reply) => {
    const { taskId, cacheId } = request.params
    const blob = await engine.cacheBlob(leaseOf(request, taskId), cacheId)
    return sendBlob(request, reply.type('application/octet-stream'), services.blobs, blob)
  })
}
