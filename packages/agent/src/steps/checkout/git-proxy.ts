import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'

export interface GitProxy {
  /** Address of the repository for git, on this place's loopback. */
  readonly url: string
  /** Origin of `url`, with a slash at the end. */
  readonly origin: string
  close(): void
}

/** All addresses of git's smart protocol. */
const gitServices = ['info/refs', 'git-upload-pack', 'git-receive-pack']

/**
 * Git speaks HTTP over TCP only, the gateway is a unix socket: this listens on a free port of 127.0.0.1 and passes on
 * what belongs to the repository. Service containers share the loopback, so nothing else of the gateway may be
 * reachable here.
 */
export async function openGitProxy(socketPath: string, gatewayPath: string): Promise<GitProxy> {
  const served = new Set(gitServices.map((service) => `${gatewayPath}/${service}`))
  const server = createServer({ requestTimeout: 0 }, (incoming, outgoing) => {
    const path = incoming.url ?? ''
    if (!served.has(path.split('?', 1)[0] ?? '')) {
      outgoing.writeHead(404).end()
      return
    }
    pass(socketPath, path, incoming, outgoing)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  server.unref()
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the git proxy has no port')
  const origin = `http://127.0.0.1:${address.port}/`
  return {
    url: origin + gatewayPath.replace(/^\//, ''),
    origin,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function pass(socketPath: string, path: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { host: _, connection: __, ...headers } = incoming.headers
  const upstream = httpRequest({ socketPath, path, method: incoming.method, headers: { ...headers, host: 'gateway' } })
  upstream.on('response', (reply) => {
    const { connection: ___, ...replyHeaders } = reply.headers
    outgoing.writeHead(reply.statusCode ?? 502, replyHeaders)
    pipeline(reply, outgoing, () => undefined)
  })
  upstream.on('error', () => {
    if (outgoing.headersSent) outgoing.destroy()
    else outgoing.writeHead(502).end()
  })
  pipeline(incoming, upstream, () => undefined)
}
