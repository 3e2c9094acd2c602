import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { EventBatch, type JobSpec, type LogReceipt, RenewRequest, type TaskEvent } from '@orrery/protocol'

type Handler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void | Promise<void>

/**
 * The server's side of the agent API in memory, on the unix socket of a task directory. It refuses what the real one
 * refuses: gaps in numbers and offsets, receipts that do not match the bytes. On command it drops connections, goes
 * away, comes back, cancels or gives the task up.
 */
export class Peer {
  readonly events: TaskEvent[] = []
  readonly logs = new Map<string, Buffer>()
  /** Requests that were answered, e.g. `PUT /logs/101/0?offset=0`, in order. */
  readonly calls: string[] = []
  /** Answers other paths; the first match counts. */
  readonly routes: { method: string; path: RegExp; handle: Handler }[] = []
  gone = false
  leaseS = 60
  /** This many of the next requests are carried out, but their answer is lost. */
  dropAnswers = 0
  /** This many of the next requests are answered with 503. */
  unwell = 0
  /** Logs that come with their step's end arrive as other bytes. */
  spoilCarried = false
  #canceled = false
  readonly #spec: JobSpec
  readonly #socketPath: string
  #server: Server | undefined
  #held: (() => void)[] = []
  #watchers: (() => void)[] = []

  constructor(socketPath: string, spec: JobSpec) {
    this.#socketPath = socketPath
    this.#spec = spec
  }

  async up(): Promise<void> {
    await rm(this.#socketPath, { force: true })
    const server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy())
    })
    await new Promise<void>((resolve) => server.listen(this.#socketPath, resolve))
    this.#server = server
  }

  /** As a kill -9: every connection breaks. */
  async down(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    server?.closeAllConnections()
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())))
  }

  cancel(): void {
    this.#canceled = true
    for (const release of this.#held.splice(0)) release()
  }

  giveUp(): void {
    this.gone = true
    for (const release of this.#held.splice(0)) release()
  }

  /** Waits for what the agent does: looked at after every request. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#watchers.push(resolve))
  }

  log(step: number, attempt = 0): string {
    return (this.logs.get(`${step}/${attempt}`) ?? Buffer.alloc(0)).toString('latin1')
  }

  /** The log without its first lines, the shell line and the command. */
  output(step: number, attempt = 0): string {
    const spec = this.#spec.steps[step - 101]
    const command = spec?.kind === 'run' ? spec.command : ''
    const text = this.log(step, attempt)
    return text.slice(text.indexOf('\n') + 1 + Buffer.byteLength(command) + 1)
  }

  ended(step: number, attempt = 0): Extract<TaskEvent, { type: 'step.ended' }> | undefined {
    for (const event of this.events) {
      if (event.type === 'step.ended' && event.step === step && event.attempt === attempt) return event
    }
    return undefined
  }

  get taskEnded(): Extract<TaskEvent, { type: 'task.ended' }> | undefined {
    for (const event of this.events) if (event.type === 'task.ended') return event
    return undefined
  }

  /** Configured steps and how they ended, e.g. `101-0 success 0`. */
  get ends(): string[] {
    return this.events.flatMap((event) =>
      event.type === 'step.ended' && event.step > 1
        ? [`${event.step}-${event.attempt} ${event.status} ${event.exitCode}`]
        : [],
    )
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    if (this.unwell > 0) {
      this.unwell -= 1
      json(response, 503, { message: 'unwell' })
    } else if (this.gone) json(response, 410, { message: 'gone' })
    else await this.#answer(request, response, body)
    this.calls.push(`${request.method} ${request.url}`)
    for (const wake of this.#watchers.splice(0)) wake()
  }

  async #answer(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    const url = request.url ?? ''
    const log = /^\/logs\/(?<log>\d+\/\d+)\?offset=(?<offset>\d+)$/.exec(url)?.groups
    const route = this.routes.find(({ method, path }) => method === request.method && path.test(url))
    if (request.method === 'GET' && url === '/spec') this.#reply(response, 200, this.#spec)
    else if (request.method === 'POST' && url === '/events') this.#takeEvents(response, body)
    else if (request.method === 'POST' && url === '/renew') await this.#renew(response, body)
    else if (request.method === 'PUT' && log) this.#takeLog(response, log['log'] ?? '', Number(log['offset']), body)
    else if (route !== undefined) await route.handle(request, response, body)
    else this.#reply(response, 404, { message: `${url} not found` })
  }

  #takeEvents(response: ServerResponse, body: Buffer): void {
    const { status, answer } = this.#judge(body)
    this.#reply(response, status, answer)
  }

  #judge(body: Buffer): { status: number; answer: unknown } {
    const { events, logs } = EventBatch.parse(JSON.parse(body.toString()))
    for (const { step, attempt, bytes } of logs ?? []) {
      const log = Buffer.from(bytes, 'base64')
      this.#keep(`${step}/${attempt}`, 0, this.spoilCarried ? log.fill('x') : log)
    }
    for (const event of events) {
      if (event.seq <= this.events.length) continue
      if (event.seq > this.events.length + 1) return { status: 409, answer: { acked: this.events.length } }
      if (event.type === 'step.ended' && !this.#matches(event.step, event.attempt, event.log)) {
        return { status: 422, answer: { message: `the log of step ${event.step} does not match its receipt` } }
      }
      if (event.type === 'step.ended' && !this.#started(event.step, event.attempt)) {
        return { status: 400, answer: { message: `step ${event.step} did not start` } }
      }
      this.events.push(event)
    }
    return { status: 200, answer: { acked: this.events.length } }
  }

  #started(step: number, attempt: number): boolean {
    return this.events.some((one) => one.type === 'step.started' && one.step === step && one.attempt === attempt)
  }

  #matches(step: number, attempt: number, receipt: LogReceipt): boolean {
    const bytes = this.logs.get(`${step}/${attempt}`) ?? Buffer.alloc(0)
    if (bytes.length < receipt.bytes) return false
    const right =
      bytes.length === receipt.bytes &&
      createHash('sha256').update(bytes).digest('hex') === receipt.sha256 &&
      bytes.toString('latin1').split('\n').length - 1 === receipt.lines
    if (!right) this.logs.delete(`${step}/${attempt}`)
    return right
  }

  #takeLog(response: ServerResponse, key: string, offset: number, body: Buffer): void {
    const { size, isGap } = this.#keep(key, offset, body)
    this.#reply(response, isGap ? 409 : 200, { size })
  }

  #keep(key: string, offset: number, bytes: Buffer): { size: number; isGap: boolean } {
    const held = this.logs.get(key) ?? Buffer.alloc(0)
    const isGap = offset > held.length
    const all = isGap ? held : Buffer.concat([held, bytes.subarray(held.length - offset)])
    if (all.length > 0) this.logs.set(key, all)
    return { size: all.length, isGap }
  }

  async #renew(response: ServerResponse, body: Buffer): Promise<void> {
    const { waitS } = RenewRequest.parse(JSON.parse(body.toString()))
    if (!this.#canceled && waitS > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitS * 1000)
        this.#held.push(() => {
          clearTimeout(timer)
          resolve()
        })
        response.once('close', () => clearTimeout(timer))
      })
    }
    if (this.gone) json(response, 410, { message: 'gone' })
    else this.#reply(response, 200, { command: this.#canceled ? 'cancel' : 'continue', leaseS: this.leaseS })
  }

  #reply(response: ServerResponse, status: number, value: unknown): void {
    if (this.dropAnswers > 0) {
      this.dropAnswers -= 1
      response.destroy()
      return
    }
    json(response, status, value)
  }
}

export function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
