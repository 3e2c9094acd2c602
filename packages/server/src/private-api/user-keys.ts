import { UserKeyView } from '@orrery/protocol'
import { z } from 'zod'
import { actorOf } from '../auth/actor.ts'
import type { App } from '../http/app.ts'
import type { Services } from '../services.ts'

const NewKey = z.object({ publicKey: z.string().max(20_000), name: z.string().max(200).optional() })
const Id = z.object({ id: z.uuid() })

/** Everybody's own SSH keys; nobody can see or add another person's. */
export async function userKeyRoutes(app: App, { engine }: Services): Promise<void> {
  app.get(
    '/me/ssh-keys',
    { schema: { response: { 200: z.object({ items: z.array(UserKeyView) }) } } },
    async (request) => ({
      items: await engine.listUserKeys(actorOf(request)),
    }),
  )
  app.post('/me/ssh-keys', { schema: { body: NewKey, response: { 201: UserKeyView } } }, async (request, reply) =>
    reply.code(201).send(await engine.addUserKey(actorOf(request), request.body)),
  )
  app.delete('/me/ssh-keys/:id', { schema: { params: Id } }, async (request, reply) => {
    await engine.removeUserKey(actorOf(request), request.params.id)
    return reply.code(204).send()
  })
}
