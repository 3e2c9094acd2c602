import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { wellKnownHosts } from './known-hosts.ts'

/** Fingerprints in the hosts' own documentation. */
const published = [
  ['github.com', '+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU'],
  ['github.com', 'p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM'],
  ['github.com', 'uNiVztksCsDhcc0u9e8BujQXVUpKZIDTMczCvj3tD2s'],
  ['gitlab.com', 'eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8'],
  ['bitbucket.org', 'ybgmFkzwOSotHTHLJgHO0QN8L0xErw6vd0VhFA9m3SM'],
]

it('holds the keys that the hosts publish', () => {
  const prints = wellKnownHosts.map((line) => {
    const [host, , key = ''] = line.split(' ')
    return [host, createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '')]
  })

  expect(prints).toEqual(published)
})
