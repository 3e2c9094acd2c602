import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { pipeline } from 'node:stream/promises'
import type { ArchiveStore } from './archives/archive-store.ts'
import { asksForArchive, keeping, serveFromStore } from './archives/serve-archive.ts'

export interface ForwardOptions {
  serverUrl: string
  taskId: string
  taskToken: string
  archives?: ArchiveStore | undefined
}

// One pool for all tasks: log chunks are small and frequent, a connection each would cost more than the chunk.
const httpAgent = new HttpAgent({ keepAlive: true })
const httpsAgent = new HttpsAgent({ keepAlive: true })

/** Hands requests of one task's job on to the server's part for this task, with its token, and the answers back. */
export function forwarder({ serverUrl, taskId, taskToken, archives }: ForwardOptions) {
  const base = new URL(serverUrl)
  const secure = base.protocol === 'https:'
  const prefix = `${base.pathname.replace(/\/+$/, '')}/api/agent/v1/tasks/${taskId}`

  /** `headers`: those of the job, or what stands for them. */
  function ask(incoming: IncomingMessage, outgoing: ServerResponse, headers: IncomingHttpHeaders) {
    const upstream = (secure ? httpsRequest : httpRequest)({
      protocol: base.protocol,
      // The URL class keeps the brackets of an IPv6 address, a socket does not want them.
      hostname: base.hostname.replace(/^\[|\]$/g, ''),
      port: base.port,
      path: prefix + incoming.url,
      method: incoming.method,
      headers: { ...passedHeaders(headers), host: base.host, authorization: `Bearer ${taskToken}` },
      agent: secure ? httpsAgent : httpAgent,
    })
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      upstream.once('response', resolve)
      upstream.once('error', reject)
    })
    // A job that hangs up must not leave a request behind that the server holds open.
    outgoing.once('close', () => upstream.destroy())
    return { upstream, response }
  }

  return async function forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    try {
      const store = asksForArchive(incoming) ? archives : undefined
      const probe = (headers: IncomingHttpHeaders): Promise<IncomingMessage> => {
        const { upstream, response } = ask(incoming, outgoing, headers)
        upstream.end()
        return response
      }
      if (store !== undefined && (await serveFromStore(store, probe, incoming, outgoing))) return
      const { upstream, response } = ask(incoming, outgoing, incoming.headers)
      // The server may answer before it has read everything (a refusal); its answer counts, not the broken pipe.
      const sent = pipeline(incoming, upstream).catch(() => undefined)
      const reply = await response
      outgoing.writeHead(reply.statusCode ?? 502, passedHeaders(reply.headers))
      if (store === undefined) await pipeline(reply, outgoing)
      else await pipeline(keeping(store, reply), outgoing)
      await sent
    } catch {
      if (outgoing.headersSent) outgoing.destroy()
      else answer(outgoing, 503, 'the server does not answer')
    }
  }
}

export function answer(outgoing: ServerResponse, status: number, message: string): void {
  outgoing.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
  outgoing.end(JSON.stringify({ message }))
}

/** Headers that concern one connection only, or that the job must not set. */
const dropped = new Set([
  'authorization',
  'connection',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

function passedHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()))
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !dropped.has(name) && !named.has(name) && !name.startsWith('x-forwarded-'),
    ),
  )
}
