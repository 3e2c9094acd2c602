import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Server } from '../src/index.ts'
import { type Api, apiOf } from './support/api.ts'
import { Installation } from './support/installation.ts'

let installation: Installation
let server: Server
let api: Api

beforeAll(async () => {
  installation = await Installation.create()
  server = await installation.start()
  api = apiOf(server, server.createUserToken('dev'))
})
afterAll(() => installation.close())

it('takes SSH keys of a project and never gives a private one out', async () => {
  const project = await server.registerProject({ slug: 'local/acme/keys', name: 'keys' })
  const url = `/api/private/projects/${project.id}/ssh-keys`
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })

  const added = await api('POST', url, { hostname: 'git.example', privateKey })
  const listed = await api('GET', url)
  const refused = await api('POST', url, { privateKey: 'hunter2' })
  const { fingerprintSha256: fingerprint } = added.json() as { fingerprintSha256: string }
  const gone = await api('DELETE', url, { hostname: 'git.example', fingerprint })

  expect([added.status, refused.status, gone.status]).toEqual([201, 400, 204])
  expect(added.json()).toMatchObject({ hostname: 'git.example', publicKey: expect.stringMatching(/^ssh-rsa /) })
  expect(listed.json()).toEqual({ items: [added.json()] })
  expect(added.text + listed.text).not.toContain('PRIVATE')
  expect(refused.text).not.toContain('hunter2')
  expect((await api('GET', url)).json()).toEqual({ items: [] })
})
