import { expect, it } from 'vitest'
import { checkoutCredential, httpsSettings } from './https-access.ts'

const https = { username: 'x-access-token', token: 't0ken' }
const checkout = (url: string) => ({ url, gatewayPath: '/git/x.git', sha: 'c0ffee', https })

it.each<[given: boolean, url: string, protocol: string, host: string]>([
  [true, 'https://git.example/acme/app.git', 'https', 'git.example'],
  [true, 'https://git.example:443/acme/app.git', 'https', 'git.example:443'],
  [true, 'https://git.example:8443/acme/app.git', 'https', 'git.example:8443'],
  [false, 'https://git.example/acme/app.git', 'http', 'git.example'],
  [false, 'https://git.example/acme/app.git', 'https', 'git.example.evil.example'],
  [false, 'https://git.example/acme/app.git', 'https', 'git.example:8443'],
  [false, 'https://git.example/acme/app.git', 'https', 'git.example@evil.example'],
  [false, 'https://git.example/acme/app.git', '', ''],
])('%s: %s asked by %s://%s', (given, url, protocol, host) => {
  expect(checkoutCredential(checkout(url), { protocol, host })).toEqual(given ? https : null)
})

it('is for the host of the repository, whatever the path, and leaves out other helpers', () => {
  const key = 'credential.https://git.example.helper'
  expect(httpsSettings('https://git.example/acme/app.git')).toEqual([
    [key, ''],
    [key, expect.stringMatching(/circleci git-credential$/)],
  ])
})
