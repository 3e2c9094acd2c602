import { Agent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { defaultFaultPatienceMs } from './retry.ts'

export interface Call {
  method: 'GET' | 'POST' | 'PUT'
  path: string
  headers?: OutgoingHttpHeaders
  body?: Buffer | string
  /** Milliseconds without a byte in either direction after which the connection counts as broken. */
  idleMs?: number
  signal?: AbortSignal | undefined
}

/** Whole answer of a small call. */
export interface Reply {
  status: number
  body: Buffer
}

/** Answers of small calls larger than this come from no server of ours. */
const maxReplyBytes = 32 * 1024 * 1024
const defaultIdleMs = 90_000

/** HTTP over the gateway's unix socket. Every failure of the connection is an ordinary error; nothing is retried here. */
export class Connection {
  /** How long the senders on this connection bear 500 for one request, ms (retry.ts). */
  readonly faultPatienceMs: number
  readonly #socketPath: string
  readonly #agent = new Agent({ keepAlive: true, keepAliveMsecs: 30_000 })

  constructor(socketPath: string, faultPatienceMs = defaultFaultPatienceMs) {
    this.#socketPath = socketPath
    this.faultPatienceMs = faultPatienceMs
  }

  /** Resolves with the head of the answer; the caller reads or destroys its body. */
  open(call: Call): Promise<IncomingMessage> {
    const { method, path, headers, body, idleMs = defaultIdleMs, signal } = call
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest({
        socketPath: this.#socketPath,
        agent: this.#agent,
        method,
        path,
        headers: {
          host: 'gateway',
          ...headers,
          ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        },
        ...(signal === undefined ? {} : { signal }),
      })
      outgoing.setTimeout(idleMs, () => outgoing.destroy(new Error('the gateway does not answer')))
      outgoing.once('response', resolve)
      outgoing.once('error', reject)
      outgoing.end(body)
    })
  }

  async send(call: Call): Promise<Reply> {
    const response = await this.open(call)
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      size += chunk.length
      if (size > maxReplyBytes) {
        response.destroy()
        throw new Error('the answer is too large')
      }
    }
    return { status: response.statusCode ?? 0, body: Buffer.concat(chunks) }
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** The server's own sentence, else the status. */
export function messageOf({ status, body }: Reply): string {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'))
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed && typeof parsed.message === 'string') {
      return parsed.message
    }
  } catch {
    // Not JSON: a proxy's page helps nobody.
  }
  return `the server answered with status ${status}`
}

export function parseReply(reply: Reply): unknown {
  return JSON.parse(reply.body.toString('utf8'))
}
