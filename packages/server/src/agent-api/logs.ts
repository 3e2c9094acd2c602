import { LogAck } from '@orrery/protocol'
import { z } from 'zod'
import { leaseOf } from '../auth/actor.ts'
import type { App } from '../http/app.ts'
import { ErrorBody } from '../http/errors.ts'
import { bodyBytes, takeRawBodies } from '../http/raw-body.ts'
import type { Services } from '../services.ts'

const number = z.coerce.number().int().min(0).max(1_000_000)
const Params = z.object({ taskId: z.uuid(), step: number, attempt: number })
export const Offset = z.object({ offset: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER) })

/** `PUT /logs/:step/:attempt?offset=N`: 200 once the bytes are durable, 409 with the stored size behind a gap. */
export async function agentLogRoutes(app: App, services: Services): Promise<void> {
  takeRawBodies(app)
  app.put(
    '/logs/:step/:attempt',
    { schema: { params: Params, querystring: Offset, response: { 200: LogAck, 409: z.union([LogAck, ErrorBody]) } } },
    async (request, reply) => {
      const { taskId, step, attempt } = request.params
      // A claim that was given up may not write: its steps run elsewhere, or not at all.
      await services.engine.checkLease(leaseOf(request, taskId))
      const result = await services.logs.append(
        { taskId, step, attempt },
        request.query.offset,
        bodyBytes(request.body),
      )
      return reply.code(result.gap ? 409 : 200).send({ size: result.size })
    },
  )
}
