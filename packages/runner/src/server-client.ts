import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { Claim, EventAck, HelloAnswer, LogAck, RenewAnswer, type RunnerInfo, type TaskEvent } from '@orrery/protocol'
import { z } from 'zod'

/** The server's refusal. `status` 0: nobody answered. */
export class ServerRefusal extends Error {
  readonly status: number
  readonly body: unknown

  constructor(call: string, status: number, body: unknown, options: ErrorOptions = {}) {
    super(status === 0 ? `${call}: the server does not answer` : `${call}: the server answered ${status}`, options)
    this.name = 'ServerRefusal'
    this.status = status
    this.body = body
  }
}

/** The task is no longer ours: another claim has it, or it ended. Final. */
export function isGone(error: unknown): boolean {
  return error instanceof ServerRefusal && (error.status === 410 || error.status === 401 || error.status === 404)
}

/** Worth asking again: the same call may succeed later. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof ServerRefusal)) return false
  return error.status === 0 || error.status >= 500 || error.status === 429 || error.status === 408
}

/** The runner's own calls (runner-api.ts). */
export interface ServerClient {
  hello(signal: AbortSignal): Promise<HelloAnswer>
  /** Undefined when `waitS` passed without work. */
  claim(
    executors: readonly ('docker' | 'machine' | 'macos')[],
    waitS: number,
    signal: AbortSignal,
  ): Promise<Claim | undefined>
  /** Gives a task back that no agent has started. */
  release(held: TaskCredentials, reason: string): Promise<void>
  task(held: TaskCredentials): TaskClient
}

export interface TaskCredentials {
  taskId: string
  epoch: number
  taskToken: string
}

/** What the runner says about one task (agent-api.ts), always as `source: "runner"`. */
export interface TaskClient {
  /** Throws ServerRefusal; 409 carries the last stored number in its body. */
  events(events: readonly TaskEvent[], signal: AbortSignal): Promise<EventAck>
  log(step: number, offset: number, bytes: Uint8Array, signal: AbortSignal): Promise<LogAck>
  renew(waitS: number, signal: AbortSignal): Promise<RenewAnswer>
}

/** How long a call may take that the server does not hold open, ms. */
const callMs = 30_000

export function createServerClient(serverUrl: string, token: string, runner: RunnerInfo): ServerClient {
  const base = serverUrl.replace(/\/+$/, '')
  const runnerApi = (call: string, body: unknown, patienceMs: number, signal?: AbortSignal): Promise<unknown> =>
    request(`${base}/api/runner/v1${call}`, token, 'POST', JSON.stringify(body), patienceMs, signal)
  return {
    hello: async (signal) => HelloAnswer.parse(await runnerApi('/hello', { runner }, callMs, signal)),
    async claim(executors, waitS, signal) {
      const answer = await runnerApi('/claim', { runner, executors, waitS }, callMs + waitS * 1000, signal)
      return answer === undefined ? undefined : Claim.parse(answer)
    },
    async release({ taskId, epoch }, reason) {
      await runnerApi(`/tasks/${taskId}/release`, { epoch, reason }, callMs)
    },
    task: ({ taskId, taskToken }) => createTaskClient(`${base}/api/agent/v1/tasks/${taskId}`, taskToken),
  }
}

function createTaskClient(base: string, token: string): TaskClient {
  return {
    async events(events, signal) {
      const body = JSON.stringify({ source: 'runner', events })
      return EventAck.parse(await request(`${base}/events`, token, 'POST', body, callMs, signal))
    },
    async log(step, offset, bytes, signal) {
      const url = `${base}/logs/${step}/0?offset=${offset}`
      return LogAck.parse(await request(url, token, 'PUT', bytes, callMs, signal))
    },
    async renew(waitS, signal) {
      const body = JSON.stringify({ waitS })
      return RenewAnswer.parse(await request(`${base}/renew`, token, 'POST', body, callMs + waitS * 1000, signal))
    },
  }
}

// Kept open: a claim, each event and each piece of a log would begin with a handshake.
const agents = { 'http:': new HttpAgent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true }) }

/** By Node's own client: `fetch` takes a millisecond more for each call, and a job waits for its claim. */
async function request(
  url: string,
  token: string,
  method: string,
  body: string | Uint8Array,
  patienceMs: number,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const call = `${method} ${new URL(url).pathname}`
  const timeout = AbortSignal.timeout(patienceMs)
  const type = typeof body === 'string' ? 'application/json' : 'application/octet-stream'
  let status = 0
  try {
    const response = await send(url, body, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': type, 'content-length': Buffer.byteLength(body) },
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    })
    status = response.statusCode ?? 0
    const chunks: Buffer[] = []
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
    const answer = parse(Buffer.concat(chunks).toString('utf8'))
    if (status >= 200 && status < 300) return answer
    throw new ServerRefusal(call, status, answer)
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof ServerRefusal) throw error
    throw new ServerRefusal(call, 0, undefined, { cause: error })
  }
}

/** The head of the answer, whose body is read under the same signal. */
function send(url: string, body: string | Uint8Array, options: RequestOptions): Promise<IncomingMessage> {
  const secure = url.startsWith('https:')
  return new Promise((resolve, reject) => {
    const outgoing = (secure ? httpsRequest : httpRequest)(url, {
      ...options,
      agent: agents[secure ? 'https:' : 'http:'],
    })
    outgoing.once('response', resolve)
    // Stays: whoever aborts while the body is read must not end the process.
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** An answer that is not JSON comes from something in between, e.g. a proxy's error page: its status tells enough. */
function parse(text: string): unknown {
  if (text === '') return undefined
  const result = z
    .string()
    .transform((value): unknown => JSON.parse(value))
    .safeParse(text)
  return result.success ? result.data : undefined
}
