import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { openSshDoor } from './ssh-door.ts'

const local = { listen: '127.0.0.1', host: 'ci.example' }

/** Both ends of a connection of the agent to the gateway. */
async function agentConnection(): Promise<{ ours: Socket; agents: Socket; close(): void }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  const agents = connect(address.port, '127.0.0.1')
  const [ours]: Socket[] = await once(server, 'connection')
  if (ours === undefined) throw new Error('no connection')
  return { ours, agents, close: () => void server.close() }
}

async function read(socket: Socket, end: string): Promise<string> {
  let text = ''
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    text += chunk.toString()
    if (text.endsWith(end)) break
  }
  return text
}

it.each(['the client', 'the agent'])('joins a client and an offer of the agent when %s comes first', async (first) => {
  const door = await openSshDoor(local)
  const { ours, agents, close } = await agentConnection()
  const port = door?.address.port ?? 0
  expect(door?.address.host).toBe('ci.example')
  expect(port).toBeGreaterThanOrEqual(64535)

  if (first === 'the agent') door?.offer(ours)
  const client = connect(port, '127.0.0.1')
  await once(client, 'connect')
  if (first === 'the client') door?.offer(ours)
  client.write('hello')

  expect(await read(agents, 'hello')).toBe(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: orrery-ssh\r\n\r\nhello',
  )
  const gone = once(client, 'close')
  door?.close()
  await gone
  close()
})

it('passes over an offer that broke while it waited', async () => {
  const door = await openSshDoor(local)
  const broken = await agentConnection()
  const good = await agentConnection()
  door?.offer(broken.ours)
  const gone = once(broken.ours, 'close')
  broken.agents.destroy()
  await gone
  door?.offer(good.ours)

  connect(door?.address.port ?? 0, '127.0.0.1').end('hello')

  expect(await read(good.agents, 'hello')).toContain('101 Switching Protocols')
  door?.close()
  broken.close()
  good.close()
})

it('takes another port of its range when one is in use, none when all are, and the same one again', async () => {
  const first = await openSshDoor(local)
  const port = first?.address.port ?? 0
  expect(await openSshDoor({ ...local, ports: [port, port] })).toBeUndefined()
  expect(await openSshDoor(local, port)).toBeUndefined()
  const second = await openSshDoor({ ...local, ports: [port - 1, port] })
  expect(second?.address.port).toBe(port - 1)
  first?.close()
  second?.close()
})
