import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openRedis } from '../src/redis.mjs'
import { createApp } from '../src/server.mjs'
import { createShortener } from '../src/shortener.mjs'

let redis
let app
let address
before(async () => {
  redis = await openRedis()
  app = createApp(createShortener({ redis, names: ['swift-wren-3'], prefix: `server-${process.pid}:` }))
  await new Promise((resolve) => app.listen(0, resolve))
  address = `http://localhost:${app.address().port}`
})
after(() => {
  app.close()
  redis.close()
})

test('a short link leads to the long one', async () => {
  const short = (await (await fetch(address, { method: 'POST', body: 'https://example.org/long' })).text()).trim()
  assert.equal(short, `${address}/swift-wren-3`)
  const answer = await fetch(short, { redirect: 'manual' })
  assert.equal(answer.status, 302)
  assert.equal(answer.headers.get('location'), 'https://example.org/long')
})

test('what is no address is refused', async () => {
  const answer = await fetch(address, { method: 'POST', body: 'hello' })
  assert.equal(answer.status, 400)
})

test('an unknown link is not found', async () => {
  assert.equal((await fetch(`${address}/nothing`)).status, 404)
})
