import { expect, test } from 'vitest'
import { md5Fingerprint } from './fingerprints.ts'

test.each([
  ['a key with a comment', 'ssh-test aGVsbG8= me@home\n', '5d:41:40:2a:bc:4b:2a:76:b9:71:9d:91:10:17:c5:92'],
  ['no key', '', ''],
  ['half a key', 'ssh-ed25519', ''],
])('the MD5 fingerprint of %s', (_, key, fingerprint) => {
  expect(md5Fingerprint(key)).toBe(fingerprint)
})
