import { once } from 'node:events'
import { connect } from 'node:net'
import { fastify } from 'fastify'
import { expect, it } from 'vitest'
import type { App } from './app.ts'
import { gentleClose } from './close-gently.ts'

it('does not wait for connections that never asked anything, but for requests under way', async () => {
  const app = fastify()
  const { promise: answer, resolve } = Promise.withResolvers<void>()
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>()
  app.get('/slow', async () => {
    ask()
    await answer
    return 'done'
  })
  const close = gentleClose(app as unknown as App)
  const url = await app.listen({ port: 0 })
  const silent = connect(Number(new URL(url).port), '127.0.0.1')
  await once(silent, 'connect')
  const slow = fetch(`${url}/slow`)
  await asked

  const closed = close(60_000)
  await once(silent, 'close')
  resolve()

  expect(await (await slow).text()).toBe('done')
  await closed
})
