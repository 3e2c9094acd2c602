import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openRedis } from '../src/redis.mjs'
import { createShortener } from '../src/shortener.mjs'

let redis
let shortener
before(async () => {
  redis = await openRedis()
  shortener = createShortener({ redis, names: ['calm-otter-1', 'kind-owl-2'], prefix: `test-${process.pid}:` })
})
after(() => redis.close())

test('a link is found by its name, and visits are counted', async () => {
  const name = await shortener.shorten('https://example.org/ä')
  assert.equal(name, 'calm-otter-1')
  assert.equal(await shortener.visit(name), 'https://example.org/ä')
  assert.equal(await shortener.visit(name), 'https://example.org/ä')
  assert.equal(await shortener.visits(name), 2)
})

test('an unknown name leads nowhere', async () => {
  assert.equal(await shortener.visit('no-such-name'), null)
})

test('only web addresses are taken', async () => {
  await assert.rejects(shortener.shorten('javascript:alert(1)'), TypeError)
})

test('names run out', async () => {
  await shortener.shorten('https://example.org/b')
  await assert.rejects(shortener.shorten('https://example.org/c'), RangeError)
})
