import { z } from 'zod'
import type { App } from '../http/app.ts'
import { sendEventStream } from '../http/sse.ts'
import type { Services } from '../services.ts'
import { logStream } from './log-stream.ts'

const Params = z.object({ id: z.uuid() })
const count = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const Which = z.object({ task: count.default(0), step: count, attempt: count.default(0) })

/** One log, whole or live. Stored bytes are answered as they are, with their escape sequences. */
export async function logRoutes(app: App, services: Services): Promise<void> {
  const { engine, logs } = services

  app.get('/jobs/:id/log', { schema: { params: Params, querystring: Which } }, async (request, reply) => {
    const { task, step, attempt } = request.query
    const { taskId } = await engine.taskOf(request.params.id, task)
    const log = await logs.stream({ taskId, step, attempt })
    reply
      .header('content-type', 'text/plain; charset=utf-8')
      .header('content-security-policy', "sandbox; default-src 'none'")
      .header('cache-control', 'private, no-cache')
    if (!log) return reply.send('')
    return reply.header('content-length', log.size).send(log.bytes)
  })

  app.get(
    '/jobs/:id/log/stream',
    { schema: { params: Params, querystring: Which.extend({ offset: count.default(0) }) } },
    async (request, reply) => {
      const { id } = request.params
      const { task, step, attempt, offset } = request.query
      const { taskId } = await engine.taskOf(id, task)
      const resumed = count.safeParse(request.headers['last-event-id'])
      const from = request.headers['last-event-id'] && resumed.success ? resumed.data : offset
      const deps = { logs, feed: services.events, job: () => engine.job(id) }
      return sendEventStream(reply, services.closing, (signal) =>
        logStream(deps, id, { taskId, task, step, attempt }, from, signal),
      )
    },
  )
}
