import { SshKeyView } from '@orrery/protocol'
import { z } from 'zod'
import type { App } from '../http/app.ts'
import type { Services } from '../services.ts'

const Id = z.object({ id: z.uuid() })
const NewKey = z.object({ hostname: z.string().max(253).default(''), privateKey: z.string().max(64 * 1024) })
const OldKey = z.object({ hostname: z.string().max(253).default(''), fingerprint: z.string().max(200) })

/** Additional SSH keys of a project. Private keys come in and never go out. */
export async function sshKeyRoutes(app: App, { engine }: Services): Promise<void> {
  const url = '/projects/:id/ssh-keys'
  const answer = { response: { 200: z.object({ items: z.array(SshKeyView) }) } }
  app.get(url, { schema: { params: Id, ...answer } }, async (request) => ({
    items: await engine.listSshKeys(request.params.id),
  }))
  app.post(url, { schema: { params: Id, body: NewKey, response: { 201: SshKeyView } } }, async (request, reply) =>
    reply.code(201).send(await engine.addSshKey(request.params.id, request.body)),
  )
  app.delete(url, { schema: { params: Id, body: OldKey } }, async (request, reply) => {
    await engine.deleteSshKey(request.params.id, request.body)
    return reply.code(204).send()
  })
}
