import { expect, it } from 'vitest'
import { readInvitation } from './ssh.ts'

const told = (host: string) =>
  `You can now SSH into this job with one of your keys:\n\n    $ ssh -p 64540 ${host}\n\nIts host key is SHA256:abc+/D\n`

it.each([
  { host: 'ci.example.org', invited: true },
  { host: '10.0.0.1', invited: true },
  { host: 'fe80::1', invited: true },
  { host: '-oProxyCommand=touch', invited: false },
  { host: '', invited: false },
])('an invitation to "$host" is understood: $invited', ({ host, invited }) => {
  expect(readInvitation(told(host))).toEqual(
    invited ? { host, port: '64540', fingerprint: 'SHA256:abc+/D' } : undefined,
  )
})

it('a log without one is none', () => {
  expect(readInvitation('This runner has no free port for SSH.\n')).toBeUndefined()
})
