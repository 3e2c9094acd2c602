import { Claim, ClaimRequest, Hello, HelloAnswer, OrreryError, ReleaseRequest } from '@orrery/protocol'
import { z } from 'zod'
import { setAccess } from '../auth/guard.ts'
import type { App } from '../http/app.ts'
import { clientGone } from '../http/client-gone.ts'
import type { Services } from '../services.ts'

const Params = z.object({ taskId: z.uuid() })

/** What runners say: the table in protocol's runner-api.ts. */
export async function runnerRoutes(app: App, services: Services): Promise<void> {
  setAccess(app, 'runner')
  const { engine, tokens } = services

  app.post('/hello', { schema: { body: Hello, response: { 200: HelloAnswer } } }, async (request) => {
    const held = await engine.heldTasks(request.body.runner.id)
    return { running: held.map((task) => ({ ...task, taskToken: tokens.task(task) })) }
  })

  app.post(
    '/claim',
    { schema: { body: ClaimRequest, response: { 200: Claim, 204: z.undefined() } } },
    async (request, reply) => {
      const { runner, executors, waitS } = request.body
      const gone = clientGone(reply)
      const claimed = await engine.claimTask(
        { id: runner.id, name: runner.name, executors },
        { waitMs: waitS * 1000, signal: AbortSignal.any([gone, services.closing]) },
      )
      if (!claimed) return reply.code(204).send()
      const lease = { taskId: claimed.spec.taskId, epoch: claimed.epoch }
      if (gone.aborted) {
        // Nobody reads this answer; without giving it back the task would wait for its lease to run out.
        await engine.releaseTask(lease, 'the runner hung up while it claimed')
        return reply.code(204).send()
      }
      // A task is claimed again only while no step of it had started; what stands in the log is the old step 0.
      if (claimed.epoch > 1) await services.logs.forget(lease.taskId)
      return { ...claimed, taskToken: tokens.task(lease), leaseS: services.leaseS }
    },
  )

  app.post('/tasks/:taskId/release', { schema: { params: Params, body: ReleaseRequest } }, async (request, reply) => {
    const { taskId } = request.params
    if (!Number.isSafeInteger(request.body.epoch)) throw new OrreryError('ORY_BAD_REQUEST', ['body.epoch'])
    await engine.releaseTask({ taskId, epoch: request.body.epoch }, request.body.reason)
    return reply.code(204).send()
  })
}
