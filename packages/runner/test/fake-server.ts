import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type Claim,
  ClaimRequest,
  EventBatch,
  Hello,
  type JobSpec,
  ReleaseRequest,
  RenewRequest,
  type Reporter,
  type TaskEvent,
} from '@orrery/protocol'

/** One task as the peer keeps it, under the rules of agent-api.ts. */
export interface FakeTask {
  spec: JobSpec
  state: 'queued' | 'held' | 'ended'
  epoch: number
  token: string
  runnerId: string | undefined
  canceled: boolean
  events: Record<Reporter, TaskEvent[]>
  logs: Map<string, Buffer>
  /** Logs that take no more bytes. */
  sealed: Set<string>
  releases: string[]
}

export interface FakeServer {
  url: string
  token: string
  enqueue(spec: JobSpec): FakeTask
  /** Resolves when `check` holds; it is asked after every change of anything. */
  until(check: () => boolean): Promise<void>
  log(task: FakeTask, step: number): string
  outcome(task: FakeTask): string | undefined
  cancel(task: FakeTask): void
  /** Takes the task away from its runner, as an expired lease does. */
  expire(task: FakeTask): void
  /** Between `down` and `up` nobody answers at the address. */
  down(): Promise<void>
  up(): Promise<void>
  close(): Promise<void>
}

/** An in-memory server that speaks the runner and the agent API over real HTTP. */
export async function startFakeServer(): Promise<FakeServer> {
  const token = 'runner-token'
  const tasks = new Map<string, FakeTask>()
  const watchers = new Set<() => void>()
  const change = (): void => {
    for (const watcher of [...watchers]) watcher()
  }
  const until = (check: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!check()) return
        watchers.delete(look)
        resolve()
      }
      watchers.add(look)
      look()
    })

  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    handle(request, response).catch((error: unknown) => reply(response, 500, { message: String(error) }))
  }
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://peer')
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const agentCall = /^\/api\/agent\/v1\/tasks\/(?<id>[^/]+)(?<rest>\/.*)$/.exec(url.pathname)?.groups
    if (agentCall !== undefined) {
      const task = tasks.get(agentCall['id'] ?? '')
      if (task === undefined || request.headers.authorization !== `Bearer ${task.token}` || task.state === 'queued') {
        return reply(response, 410, { message: 'gone' })
      }
      // As the real one: after the end only the runner may still add, logs and events of its own steps.
      const rest = agentCall['rest'] ?? ''
      const late = rest.startsWith('/logs/') || (rest === '/events' && JSON.parse(body.toString()).source === 'runner')
      if (task.state === 'ended' && !late) return reply(response, 410, { message: 'gone' })
      return await agentApi(task, request.method ?? '', agentCall['rest'] ?? '', url, body, request, response)
    }
    if (request.headers.authorization !== `Bearer ${token}`) return reply(response, 401, { message: 'no' })
    await runnerApi(url.pathname, JSON.parse(body.toString()), request, response)
  }

  async function runnerApi(
    path: string,
    body: unknown,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (path.endsWith('/hello')) {
      const { runner } = Hello.parse(body)
      const held = [...tasks.values()].filter((task) => task.state === 'held' && task.runnerId === runner.id)
      for (const task of held) task.token = randomUUID()
      const running = held.map((task) => ({
        taskId: task.spec.taskId,
        epoch: task.epoch,
        taskToken: task.token,
        started: task.events.agent.length > 0,
        maskValues: task.spec.maskValues,
      }))
      return reply(response, 200, { running })
    }
    if (path.endsWith('/claim')) {
      const { runner, waitS } = ClaimRequest.parse(body)
      const queued = (): FakeTask | undefined => [...tasks.values()].find((task) => task.state === 'queued')
      await Promise.race([
        until(() => queued() !== undefined || request.socket.destroyed),
        new Promise((resolve) => setTimeout(resolve, waitS * 1000).unref()),
      ])
      const task = queued()
      if (task === undefined || request.socket.destroyed) return reply(response, 204, undefined)
      Object.assign(task, { state: 'held', epoch: task.epoch + 1, token: randomUUID(), runnerId: runner.id })
      task.events = { agent: [], runner: [] }
      task.logs = new Map()
      const claim: Claim = { spec: task.spec, epoch: task.epoch, taskToken: task.token, leaseS: 30 }
      reply(response, 200, claim)
      return change()
    }
    const released = tasks.get(/tasks\/(?<id>[^/]+)\/release$/.exec(path)?.groups?.['id'] ?? '')
    if (released === undefined) return reply(response, 404, { message: 'unknown' })
    const { epoch, reason } = ReleaseRequest.parse(body)
    if (epoch !== released.epoch || released.events.agent.length > 0)
      return reply(response, 409, { message: 'started' })
    released.releases.push(reason)
    Object.assign(released, { state: 'queued', token: randomUUID(), runnerId: undefined })
    reply(response, 204, undefined)
    change()
  }

  async function agentApi(
    task: FakeTask,
    method: string,
    path: string,
    url: URL,
    body: Buffer,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (path === '/spec') return reply(response, task.events.agent.length > 0 ? 410 : 200, task.spec)
    if (path === '/renew') {
      const { waitS } = RenewRequest.parse(JSON.parse(body.toString()))
      const over = (): boolean => task.canceled || task.state !== 'held' || request.socket.destroyed
      await Promise.race([until(over), new Promise((resolve) => setTimeout(resolve, waitS * 1000).unref())])
      if (task.state !== 'held') return reply(response, 410, { message: 'gone' })
      return reply(response, 200, { command: task.canceled ? 'cancel' : 'continue', leaseS: 30 })
    }
    if (path === '/events') {
      const { source, events } = EventBatch.parse(JSON.parse(body.toString()))
      const stored = task.events[source]
      for (const event of events) {
        if (event.seq > stored.length + 1) return reply(response, 409, { acked: stored.length })
        if (event.seq <= stored.length) continue
        stored.push(event)
        if (event.type === 'step.ended') {
          const log = task.logs.get(`${event.step}/${event.attempt}`) ?? Buffer.alloc(0)
          const sha256 = createHash('sha256').update(log).digest('hex')
          if (sha256 !== event.log.sha256) {
            stored.pop()
            if (log.length >= event.log.bytes) task.logs.delete(`${event.step}/${event.attempt}`)
            return reply(response, 422, { message: `receipt of step ${event.step}` })
          }
        }
        if (event.type === 'task.ended') task.state = 'ended'
      }
      reply(response, 200, { acked: stored.length })
      return change()
    }
    const log = /^\/logs\/(?<step>\d+\/\d+)$/.exec(path)?.groups?.['step']
    if (method === 'PUT' && log !== undefined) {
      const before = task.logs.get(log) ?? Buffer.alloc(0)
      const offset = Number(url.searchParams.get('offset'))
      if (offset > before.length) return reply(response, 409, { size: before.length })
      const fresh = body.subarray(before.length - offset)
      if (task.sealed.has(log)) return reply(response, 200, { size: before.length })
      task.logs.set(log, Buffer.concat([before, fresh]))
      reply(response, 200, { size: before.length + fresh.length })
      return change()
    }
    reply(response, 404, { message: `${method} ${path}` })
  }

  let server = createServer(handler)
  const listen = (port: number): Promise<void> => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  await listen(0)
  const { port } = server.address() as AddressInfo
  const down = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }
  return {
    url: `http://127.0.0.1:${port}`,
    token,
    enqueue(spec) {
      const task: FakeTask = {
        spec,
        state: 'queued',
        epoch: 0,
        token: randomUUID(),
        runnerId: undefined,
        canceled: false,
        events: { agent: [], runner: [] },
        logs: new Map(),
        sealed: new Set(),
        releases: [],
      }
      tasks.set(spec.taskId, task)
      change()
      return task
    },
    until,
    log: (task, step) => (task.logs.get(`${step}/0`) ?? '').toString(),
    outcome(task) {
      const ends = [...task.events.agent, ...task.events.runner].flatMap((event) =>
        event.type === 'task.ended' ? [event.outcome] : [],
      )
      return ends[0]
    },
    cancel(task) {
      task.canceled = true
      change()
    },
    expire(task) {
      Object.assign(task, { state: 'queued', token: randomUUID(), runnerId: undefined })
      change()
    },
    down,
    async up() {
      server = createServer(handler)
      await listen(port)
    },
    close: down,
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  if (body === undefined) response.writeHead(status).end()
  else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
