import { z } from 'zod'
import type { App } from '../http/app.ts'
import { sendEventStream } from '../http/sse.ts'
import type { Services } from '../services.ts'
import { changeStream, parseScope } from './change-stream.ts'

const Query = z.object({ scope: z.string().max(100).default('all') })

/** Live changes for the pages that are open. */
export async function streamRoutes(app: App, services: Services): Promise<void> {
  app.get('/stream', { schema: { querystring: Query } }, async (request, reply) => {
    const scope = parseScope(request.query.scope)
    const last = request.headers['last-event-id']
    const from = typeof last === 'string' && last !== '' ? last : undefined
    return sendEventStream(reply, services.closing, (signal) => changeStream(services.events, scope, from, signal))
  })
}
