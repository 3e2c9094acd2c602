import { createServer, type Server, type Socket } from 'node:net'
import { hostname } from 'node:os'
import type { Duplex } from 'node:stream'

/** Where people reach the jobs of this runner by SSH (spec: execution.md 19). */
export interface SshSettings {
  /** Name or address shown to people. Default: the host's name. */
  host?: string | undefined
  /** Address to listen on. Default: all. */
  listen?: string | undefined
  /** First and last port. Default 64535 to 65535. */
  ports?: readonly [number, number] | undefined
}

/**
 * A port of this host that leads into one job. The job never dials out to it: its agent keeps a connection to the
 * gateway on offer, and each SSH client that arrives is joined to one. So nothing of the place is published, and
 * nothing that the job may forge (a link in its directory, say) decides where the port leads.
 */
export interface SshDoor {
  readonly address: { host: string; port: number }
  /** A connection of the agent whose upgrade is not answered yet. */
  offer(agent: Duplex): void
  /** Safe to repeat; ends all connections. */
  close(): void
}

const defaultPorts = [64535, 65535] as const
/** Clients, and offers of the agent, that may wait at a time. */
const mostWaiting = 16
/** How long a client waits for the agent's next offer, ms. */
const patienceMs = 10_000
const answer = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: orrery-ssh\r\n\r\n'

/** `port`: exactly this one, after an adoption. Undefined when no port is free. */
export async function openSshDoor(settings: SshSettings = {}, port?: number): Promise<SshDoor | undefined> {
  const [first, last] = settings.ports ?? defaultPorts
  const count = port === undefined ? last - first + 1 : 1
  const start = port === undefined ? Math.floor(Math.random() * count) : 0
  for (let index = 0; index < count; index += 1) {
    const server = createServer()
    const candidate = port ?? first + ((start + index) % count)
    if (await listens(server, candidate, settings.listen)) return doorOf(server, settings.host ?? hostname(), candidate)
  }
  return undefined
}

function listens(server: Server, port: number, host: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen({ port, ...(host && { host }) }, () => resolve(true))
  })
}

function doorOf(server: Server, host: string, port: number): SshDoor {
  const offers: Duplex[] = []
  const clients: Socket[] = []
  const open = new Set<Duplex>()
  const track = (stream: Duplex): void => {
    open.add(stream)
    stream.on('error', () => stream.destroy())
    stream.once('close', () => open.delete(stream))
  }
  const join = (): void => {
    while (offers.length > 0 && clients.length > 0) {
      const agent = offers.shift()
      const client = clients.shift()
      if (agent === undefined || client === undefined) return
      if (agent.destroyed) clients.unshift(client)
      else if (client.destroyed) offers.unshift(agent)
      else connect(agent, client)
    }
  }
  const connect = (agent: Duplex, client: Socket): void => {
    client.setTimeout(0)
    client.setNoDelay(true)
    agent.write(answer)
    client.pipe(agent).pipe(client)
    client.once('close', () => agent.destroy())
    agent.once('close', () => client.destroy())
  }
  server.on('connection', (client) => {
    track(client)
    if (clients.length >= mostWaiting) return void client.destroy()
    client.setTimeout(patienceMs, () => client.destroy())
    client.once('close', () => remove(clients, client))
    clients.push(client)
    join()
  })
  return {
    address: { host, port },
    offer(agent) {
      track(agent)
      if (offers.length >= mostWaiting) return void agent.destroy()
      agent.once('close', () => remove(offers, agent))
      offers.push(agent)
      join()
    },
    close() {
      server.close()
      for (const stream of open) stream.destroy()
    },
  }
}

function remove<T>(list: T[], one: T): void {
  const at = list.indexOf(one)
  if (at >= 0) list.splice(at, 1)
}
