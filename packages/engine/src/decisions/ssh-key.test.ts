import { expect, it, test } from 'vitest'
import { parseSshKey } from './ssh-key.ts'

const ed25519 = 'AAAAC3NzaC1lZDI1NTE5AAAAIJ1Xh4J9fGb4rS2mJrUe8wX4mRr7E3iV1C0m0x6Yv3oP'

it('reads a line of an authorized_keys file', () => {
  expect(parseSshKey(` ssh-ed25519 ${ed25519} ada@example.org, at work\n`)).toEqual({
    publicKey: `ssh-ed25519 ${ed25519}`,
    fingerprint: expect.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/),
    comment: 'ada@example.org, at work',
  })
})

test.each([
  ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----\nx', /private key/],
  ['nothing', '', /no SSH public key/],
  ['another kind', `ssh-dss ${ed25519}`, /no SSH public key/],
  ['a kind that the bytes do not have', `ssh-rsa ${ed25519}`, /no SSH public key/],
  ['cut off', `ssh-ed25519 ${ed25519.slice(0, 10)}`, /no SSH public key/],
  ['not base64', `ssh-ed25519 ${ed25519.slice(0, -4)}!!!!`, /no SSH public key/],
  ['options before it', `command="sh" ssh-ed25519 ${ed25519}`, /no SSH public key/],
  ['two lines', `ssh-ed25519 ${ed25519}\nssh-ed25519 ${ed25519}`, /no SSH public key/],
  ['too long', `ssh-ed25519 ${ed25519} ${'x'.repeat(20_000)}`, /no SSH public key/],
])('refuses %s', (_, text, reason) => {
  expect(() => parseSshKey(text)).toThrow(reason)
})
