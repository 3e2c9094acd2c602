import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeNames, readLock } from '../src/names.mjs'
import { readReply } from '../src/redis.mjs'

test('every name is there once', () => {
  const names = makeNames({ seed: 'a', numbers: 2 })
  assert.equal(new Set(names).size, 12 * 12 * 2)
})

test('the order depends on the seed alone', () => {
  assert.deepEqual(makeNames({ seed: 'a', numbers: 1 }), makeNames({ seed: 'a', numbers: 1 }))
  assert.notDeepEqual(makeNames({ seed: 'a', numbers: 1 }), makeNames({ seed: 'b', numbers: 1 }))
})

test('the lock is read', () => {
  assert.deepEqual(readLock('version 1\nseed otter\nnumbers 40\n'), { seed: 'otter', numbers: 40 })
})

test('a reply that is cut short is waited for', () => {
  assert.equal(readReply('$5\r\nhel'), undefined)
  assert.deepEqual(readReply('$5\r\nhello\r\n+OK\r\n'), { value: 'hello', length: 11 })
})
