import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { expect, it } from 'vitest'
import { hasNoTraces } from './traces.ts'

// The namespace of this very process stands for one with traces: it has connections and its own addresses.
const address =
  Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === 'IPv4')?.address ?? ''

it('a namespace with connections has traces', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(client, 'connect')

  expect(await hasNoTraces(process.pid, { address })).toBe(false)

  client.destroy()
  server.close()
})

it.each([
  { what: 'that is another one', pid: process.pid, address: '10.231.255.254' },
  { what: 'whose process is not here', pid: 2 ** 22 + 1, address },
  { what: 'whose process is not known', pid: undefined, address },
])('a namespace $what is not vouched for', async ({ pid, address: wanted }) => {
  expect(await hasNoTraces(pid, { address: wanted })).toBe(false)
})
