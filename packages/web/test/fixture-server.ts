import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { extname, join } from 'node:path'
import type { ChangeEvent, LogChunk } from '@orrery/protocol'

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

/** The policy that the app must work under. */
const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"

export type Recorded = { method: string; path: string; body: unknown; header: string | undefined }

/** Logs by `job/task/step/attempt`. */
type Log = { text: string; ended: boolean; readers: Set<ServerResponse> }

/**
 * Serves the built app, answers from plain objects, and streams: a stand-in for the server with everything at hand that
 * a test wants to change. `answers` maps a path below /api/private to what it answers.
 */
export class FixtureServer {
  readonly answers = new Map<string, unknown>()
  readonly requests: Recorded[] = []
  loggedIn = true
  readonly #dist: string
  readonly #server: Server
  readonly #readers = new Set<ServerResponse>()
  readonly #logs = new Map<string, Log>()

  constructor(dist: string) {
    this.#dist = dist
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error))
      })
    })
  }

  /** Answers the address. `port` 0 takes any. */
  async listen(port = 0): Promise<string> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    if (typeof address !== 'object' || address === null) throw new Error('no address')
    return `http://127.0.0.1:${address.port}`
  }

  /** Stops listening and breaks every connection, like a server that dies. */
  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#readers.clear()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** How many pages hold a change stream. */
  get readers(): number {
    return this.#readers.size
  }

  emit(change: Partial<ChangeEvent>): void {
    const event = {
      kind: 'test',
      pipelineId: null,
      workflowId: null,
      jobId: null,
      at: new Date().toISOString(),
      ...change,
    }
    for (const reader of this.#readers) reader.write(`id: 1\ndata: ${JSON.stringify(event)}\n\n`)
  }

  log(key: string): Log {
    let log = this.#logs.get(key)
    if (log === undefined) {
      log = { text: '', ended: false, readers: new Set() }
      this.#logs.set(key, log)
    }
    return log
  }

  append(key: string, text: string): void {
    const log = this.log(key)
    const offset = Buffer.byteLength(log.text)
    log.text += text
    for (const reader of log.readers) writeChunk(reader, { offset, next: Buffer.byteLength(log.text), text })
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fixture')
    if (request.method === 'POST') return this.#act(request, response, url)
    if (!url.pathname.startsWith('/api/')) return this.#file(response, url.pathname)
    const path = url.pathname.replace('/api/private', '')
    if (!this.loggedIn) return json(response, 401, { message: 'You must log in first.' })
    if (path === '/stream') return this.#openStream(response, this.#readers)
    const log = /^\/jobs\/(?<job>[^/]+)\/log\/stream$/.exec(path)?.groups?.['job']
    if (log !== undefined) return this.#streamLog(response, log, url.searchParams)
    const answer = this.answers.get(`${path}${url.search}`) ?? this.answers.get(path)
    if (answer === undefined) return json(response, 404, { message: `${path} not found`, help: 'Check the id.' })
    json(response, 200, answer)
  }

  async #act(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(Buffer.from(chunk))
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString() || '{}')
    this.requests.push({ method: 'POST', path: url.pathname, body, header: request.headers['x-orrery']?.toString() })
    if (url.pathname === '/api/private/login') {
      this.loggedIn = JSON.stringify(body) === '{"token":"right"}'
      return json(response, this.loggedIn ? 200 : 401, this.loggedIn ? {} : { message: 'Invalid token provided.' })
    }
    json(response, 202, this.answers.get(`POST ${url.pathname}`) ?? { message: 'Accepted.' })
  }

  #streamLog(response: ServerResponse, job: string, search: URLSearchParams): void {
    const log = this.log(`${job}/${search.get('task')}/${search.get('step')}/${search.get('attempt')}`)
    this.#openStream(response, log.readers)
    const bytes = Buffer.from(log.text)
    const from = Number(search.get('offset'))
    if (from < bytes.length) {
      writeChunk(response, { offset: from, next: bytes.length, text: bytes.subarray(from).toString() })
    }
    if (log.ended) response.write('event: end\ndata: {}\n\n')
  }

  #openStream(response: ServerResponse, readers: Set<ServerResponse>): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(':\n\n')
    readers.add(response)
    response.on('close', () => readers.delete(response))
  }

  async #file(response: ServerResponse, path: string): Promise<void> {
    const known = contentTypes[extname(path)] !== undefined
    const name = known ? path : '/index.html'
    const body = await readFile(join(this.#dist, name)).catch(() => null)
    if (body === null) return json(response, 404, { message: `${path} not found` })
    response.writeHead(200, {
      'content-type': contentTypes[extname(name)] ?? 'application/octet-stream',
      'content-security-policy': policy,
    })
    response.end(body)
  }
}

function writeChunk(response: ServerResponse, chunk: LogChunk): void {
  response.write(`id: ${chunk.next}\ndata: ${JSON.stringify(chunk)}\n\n`)
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
