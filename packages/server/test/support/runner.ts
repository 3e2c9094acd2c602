import { createHash, randomUUID } from 'node:crypto'
import type { Claim, TaskEventBody } from '@orrery/protocol'
import type { Server } from '../../src/index.ts'
import { type Answer, type Api, apiOf } from './api.ts'

const info = () => ({ id: randomUUID(), name: 'test', version: '0', os: 'linux', arch: 'x64' })

/** Claims the next task as a fresh runner. Null when there is none within `waitS`. */
export async function claim(server: Server, waitS = 5, runner = info()): Promise<Claim | null> {
  const api = apiOf(server, server.createRunnerToken('test'))
  const answer = await api('POST', '/api/runner/v1/claim', { runner, executors: ['docker'], waitS })
  if (answer.status === 204) return null
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.json() as Claim
}

export function receiptOf(text: string) {
  const sha256 = createHash('sha256').update(text).digest('hex')
  return { bytes: Buffer.byteLength(text), lines: text.split('\n').length - 1, sha256 }
}

/** One agent's side of one task. */
export class FakeAgent {
  readonly taskId: string
  readonly api: Api
  readonly #base: string
  #seq = 0
  #runnerSeq = 0

  constructor(server: Server, claimed: Claim) {
    this.taskId = claimed.spec.taskId
    this.api = apiOf(server, claimed.taskToken)
    this.#base = `/api/agent/v1/tasks/${this.taskId}`
  }

  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
    return this.api(method, this.#base + path, body, headers)
  }

  log(offset: number, text: string, step = 101): Promise<Answer> {
    return this.call('PUT', `/logs/${step}/0?offset=${offset}`, Buffer.from(text))
  }

  /** Sends one event under the next number, or under the given one. */
  async event(body: TaskEventBody, seq = this.#seq + 1): Promise<Answer> {
    const event = { seq, at: new Date().toISOString(), ...body }
    const answer = await this.call('POST', '/events', { source: 'agent', events: [event] })
    if (answer.status === 200) this.#seq = seq
    return answer
  }

  start(step = 101): Promise<Answer> {
    const common = { attempt: 0, name: 'hello', kind: 'run', background: false, origin: [] }
    return this.event({ type: 'step.started', step, ...common })
  }

  end(text: string, step = 101): Promise<Answer> {
    const common = { attempt: 0, status: 'success' as const, exitCode: 0, insignificant: false }
    return this.event({ type: 'step.ended', step, ...common, log: receiptOf(text) })
  }

  /** What the runner says about a service container. */
  async runnerEvent(body: TaskEventBody): Promise<Answer> {
    const event = { seq: this.#runnerSeq + 1, at: new Date().toISOString(), ...body }
    const answer = await this.call('POST', '/events', { source: 'runner', events: [event] })
    if (answer.status === 200) this.#runnerSeq += 1
    return answer
  }

  startService(step: number): Promise<Answer> {
    const common = { attempt: 0, name: 'Container redis', kind: 'infrastructure', background: true, origin: [] }
    return this.runnerEvent({ type: 'step.started', step, ...common })
  }

  endService(text: string, step: number): Promise<Answer> {
    const common = { attempt: 0, status: 'canceled' as const, exitCode: null, insignificant: true }
    return this.runnerEvent({ type: 'step.ended', step, ...common, log: receiptOf(text) })
  }

  finish(): Promise<Answer> {
    return this.event({ type: 'task.ended', outcome: 'success' })
  }

  async upload(request: object, bytes: Uint8Array, extra: object = {}): Promise<Answer> {
    const { uploadId } = (await this.call('POST', '/uploads', request)).json() as { uploadId: string }
    await this.call('PUT', `/uploads/${uploadId}?offset=0`, bytes)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return this.call('POST', `/uploads/${uploadId}/commit`, { size: bytes.length, sha256, ...extra })
  }
}
