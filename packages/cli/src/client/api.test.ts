import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ApiClient } from './api.ts'

let answer: object = {}
const server = createServer((_, response) => void response.writeHead(403).end(JSON.stringify(answer)))
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterAll(() => new Promise((resolve) => server.close(resolve)))

it('tells that no server answers', async () => {
  const none = createServer()
  await new Promise<void>((resolve) => none.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(none.address() as AddressInfo).port}`
  await new Promise((resolve) => none.close(resolve))

  const error: unknown = await new ApiClient({ url, token: 't' }).projects().catch((reason: unknown) => reason)

  expect(error).toMatchObject({ code: 'ORY_SERVER_UNREACHABLE', message: expect.stringContaining(`${url}: connect`) })
})

it.each([
  [
    'with its reason',
    { message: 'SSH into jobs of local/a/b is switched off', code: 'ORY_SSH_OFF' },
    'ORY_BAD_REQUEST',
  ],
  ['in general', { message: 'You may not do this.', code: 'ORY_FORBIDDEN' }, 'ORY_FORBIDDEN'],
  ['without a word', {}, 'ORY_FORBIDDEN'],
])('a refusal %s', async (_, body, code) => {
  answer = body
  const client = new ApiClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 't' })

  const error: unknown = await client.rerunWithSsh('w', ['j']).catch((reason: unknown) => reason)

  expect(error).toMatchObject({ code })
  if (code === 'ORY_BAD_REQUEST') expect(String(error)).toContain('is switched off')
})
