import { expect, it } from 'vitest'
import { bundleOfThisMachine } from './runner-host.ts'

it('takes the bundle that the environment names, when the file is there', () => {
  const here = import.meta.filename

  expect(bundleOfThisMachine({ SSL_CERT_FILE: here })).toBe(here)
  expect(bundleOfThisMachine({ NODE_EXTRA_CA_CERTS: '/no/such/file', SSL_CERT_FILE: here })).toBe(here)
  expect(bundleOfThisMachine({ NODE_EXTRA_CA_CERTS: '/no/such/file' })).toBeUndefined()
  expect(bundleOfThisMachine({})).toBeUndefined()
})
