import {
  EventAck,
  EventBatch,
  JobSpec,
  OrreryError,
  RenewAnswer,
  RenewRequest,
  SiblingsAnswer,
  TokenAnswer,
  TokenRequest,
} from '@orrery/protocol'
import { z } from 'zod'
import { leaseOf } from '../auth/actor.ts'
import { setAccess } from '../auth/guard.ts'
import type { App } from '../http/app.ts'
import { clientGone } from '../http/client-gone.ts'
import { ErrorBody } from '../http/errors.ts'
import type { Services } from '../services.ts'
import { cacheRoutes } from './caches.ts'
import { agentLogRoutes } from './logs.ts'
import { sourceRoutes } from './source.ts'
import { testRoutes } from './tests.ts'
import { uploadRoutes } from './uploads.ts'
import { workspaceRoutes } from './workspaces.ts'

const Task = z.object({ taskId: z.uuid() })

/** What agents say about one task: the table in protocol's agent-api.ts. */
export async function agentRoutes(app: App, services: Services): Promise<void> {
  setAccess(app, 'task')
  const { engine, logs } = services

  app.get('/spec', { schema: { params: Task, response: { 200: JobSpec } } }, async (request) =>
    engine.taskSpec(leaseOf(request, request.params.taskId)),
  )

  app.post(
    '/events',
    {
      bodyLimit: 8 * 1024 * 1024,
      schema: { params: Task, body: EventBatch, response: { 200: EventAck, 409: ErrorBody.extend(EventAck.shape) } },
    },
    async (request, reply) => {
      const { taskId } = request.params
      const lease = leaseOf(request, taskId)
      const carried = new Map(request.body.logs?.map((log) => [`${log.step}-${log.attempt}`, log.bytes]))
      try {
        const acked = await engine.recordEvents(lease, request.body, async (step, attempt, receipt) => {
          const name = { taskId, step, attempt }
          const bytes = carried.get(`${step}-${attempt}`)
          if (bytes === undefined) await logs.verify(name, receipt)
          else await logs.store(name, Buffer.from(bytes, 'base64'), receipt)
        })
        return { acked }
      } catch (error) {
        if (!(error instanceof OrreryError) || error.code !== 'ORY_SEQUENCE') throw error
        // The error carries the last stored number in its sentence only; the agent goes on from `acked`.
        const acked = Number(/\d+/.exec(error.message)?.[0] ?? 0)
        return reply.code(409).send({ message: error.message, code: error.code, help: error.help, acked })
      }
    },
  )

  app.post(
    '/renew',
    { schema: { params: Task, body: RenewRequest, response: { 200: RenewAnswer } } },
    async (request, reply) => {
      const lease = leaseOf(request, request.params.taskId)
      const signal = AbortSignal.any([clientGone(reply), services.closing])
      const command = await engine.renewLease(lease, { waitMs: request.body.waitS * 1000, signal })
      return { command, leaseS: services.leaseS }
    },
  )

  app.get('/siblings', { schema: { params: Task, response: { 200: SiblingsAnswer } } }, async (request) => ({
    state: await engine.siblings(leaseOf(request, request.params.taskId)),
  }))

  app.post(
    '/token',
    { schema: { params: Task, body: TokenRequest, response: { 200: TokenAnswer } } },
    async (request) => ({ token: await engine.issueToken(leaseOf(request, request.params.taskId), request.body) }),
  )

  await app.register(async (scope: App) => agentLogRoutes(scope, services))
  await app.register(async (scope: App) => cacheRoutes(scope, services))
  await app.register(async (scope: App) => workspaceRoutes(scope, services))
  await app.register(async (scope: App) => testRoutes(scope, services))
  await app.register(async (scope: App) => uploadRoutes(scope, services))
  await app.register(async (scope: App) => sourceRoutes(scope, services))
}
