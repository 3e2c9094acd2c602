import {
  JobView,
  LogChunk,
  OrreryError,
  PipelineView,
  ProjectSettings,
  ProjectView,
  UserKeyView,
  WorkflowView,
} from '@orrery/protocol'
import { z } from 'zod'
import { readEventStream } from './sse.ts'

/** A server's address and a personal token. */
export interface Connection {
  url: string
  token: string
}

const Change = z.object({ kind: z.string() })
/** Least time between two wake-ups for steps alone, ms. */
const stepEveryMs = 100

/** Typed calls of the private and v2 API, for commands and tests. Errors: OrreryError, or the fetch error. */
export class ApiClient {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  pipeline(id: string): Promise<PipelineView> {
    return this.#get(`/api/private/pipelines/${id}`, PipelineView)
  }

  async pipelines(project?: string): Promise<PipelineView[]> {
    const query = project ? `?project=${encodeURIComponent(project)}` : ''
    const page = await this.#get(`/api/private/pipelines${query}`, z.object({ items: z.array(PipelineView) }))
    return page.items
  }

  async projects(): Promise<ProjectView[]> {
    return (await this.#get('/api/private/projects', z.object({ items: z.array(ProjectView) }))).items
  }

  /** Registers a repository of the server's machine or of an https address (`vcs/local`). */
  async addProject(request: { name: string; from?: string }): Promise<ProjectView> {
    const response = await this.#fetch('/api/private/projects', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    })
    return ProjectView.parse(await response.json())
  }

  /** The settings of a project after the changes; with none, as they are. */
  async projectSettings(projectId: string, changes: Partial<ProjectSettings> = {}): Promise<ProjectSettings> {
    const path = `/api/private/projects/${projectId}/settings`
    if (Object.keys(changes).length === 0) return this.#get(path, ProjectSettings)
    const response = await this.#fetch(path, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(changes),
    })
    return ProjectSettings.parse(await response.json())
  }

  async purgeLayers(projectId: string): Promise<void> {
    await this.#fetch(`/api/private/projects/${projectId}/layers`, { method: 'DELETE' })
  }

  workflow(id: string): Promise<WorkflowView> {
    return this.#get(`/api/private/workflows/${id}`, WorkflowView)
  }

  job(id: string): Promise<JobView> {
    return this.#get(`/api/private/jobs/${id}`, JobView)
  }

  async artifacts(jobId: string): Promise<{ path: string; nodeIndex: number; size: number; url: string }[]> {
    const Artifact = z.object({ path: z.string(), nodeIndex: z.number(), size: z.number(), url: z.string() })
    return (await this.#get(`/api/private/jobs/${jobId}/artifacts`, z.object({ items: z.array(Artifact) }))).items
  }

  async tests(jobId: string): Promise<{ name: string; result: string; nodeIndex: number }[]> {
    const Test = z.object({ name: z.string(), result: z.string(), nodeIndex: z.number() })
    return (await this.#get(`/api/private/jobs/${jobId}/tests`, z.object({ items: z.array(Test) }))).items
  }

  /** The stored bytes of one step's log. */
  async log(jobId: string, task: number, step: number, attempt = 0): Promise<Buffer> {
    const response = await this.#fetch(`/api/private/jobs/${jobId}/log?task=${task}&step=${step}&attempt=${attempt}`)
    return Buffer.from(await response.arrayBuffer())
  }

  /** Bytes of any path of this server, as they come. */
  async download(path: string): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#fetch(path)
    if (!response.body) throw new OrreryError('ORY_INTERNAL')
    return response.body
  }

  async cancelWorkflow(id: string): Promise<void> {
    await this.#fetch(`/api/v2/workflow/${id}/cancel`, { method: 'POST' })
  }

  async approve(workflowId: string, requestId: string): Promise<void> {
    await this.#fetch(`/api/v2/workflow/${workflowId}/approve/${requestId}`, { method: 'POST' })
  }

  /** `failedTests`: from failed, and only the tests that failed where they can be told. Answers the new workflow's id. */
  async rerun(workflowId: string, fromFailed: boolean, failedTests = false): Promise<string> {
    const response = await this.#fetch(`/api/v2/workflow/${workflowId}/rerun`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ from_failed: fromFailed, failed_tests: failedTests }),
    })
    return z.object({ workflow_id: z.string() }).parse(await response.json()).workflow_id
  }

  /** A new workflow in which only these jobs run, open for this person's SSH keys. */
  async rerunWithSsh(workflowId: string, jobs: readonly string[]): Promise<string> {
    const response = await this.#fetch(`/api/v2/workflow/${workflowId}/rerun`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jobs, enable_ssh: true }),
    })
    return z.object({ workflow_id: z.string() }).parse(await response.json()).workflow_id
  }

  async sshKeys(): Promise<UserKeyView[]> {
    return (await this.#get('/api/private/me/ssh-keys', z.object({ items: z.array(UserKeyView) }))).items
  }

  async addSshKey(key: { publicKey: string; name?: string }): Promise<UserKeyView> {
    const response = await this.#fetch('/api/private/me/ssh-keys', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(key),
    })
    return UserKeyView.parse(await response.json())
  }

  async removeSshKey(id: string): Promise<void> {
    await this.#fetch(`/api/private/me/ssh-keys/${encodeURIComponent(id)}`, { method: 'DELETE' })
  }

  /**
   * Wakes after changes in the scope; the first wake-up comes as soon as the stream stands. Changes that come while
   * the reader is busy wake it once, however many they are. Beginnings and ends of steps wake it ten times a second at
   * most: a job of short steps makes hundreds, and the reader asks for the whole job.
   */
  async *changes(scope: string, signal: AbortSignal): AsyncGenerator<void> {
    const response = await this.#fetch(`/api/private/stream?scope=${encodeURIComponent(scope)}`, { signal })
    if (!response.body) return
    const body = response.body
    const latch = { dirty: true, urgent: true, ended: false, wake: () => {} }
    const pump = (async () => {
      for await (const { data } of readEventStream(body)) {
        latch.dirty = true
        latch.urgent ||= !Change.parse(JSON.parse(data)).kind.startsWith('step.')
        latch.wake()
      }
    })().finally(() => {
      latch.ended = true
      latch.wake()
    })
    pump.catch(() => {}) // awaited below; without this a reader that left early would leave the rejection unhandled
    let restUntil = 0
    while (latch.dirty || !latch.ended) {
      const restMs = latch.urgent || latch.ended ? 0 : restUntil - performance.now()
      if (latch.dirty && restMs <= 0) {
        latch.dirty = false
        latch.urgent = false
        yield
        restUntil = performance.now() + stepEveryMs
        continue
      }
      await new Promise<void>((resolve) => {
        const timer = latch.dirty ? setTimeout(resolve, restMs) : undefined
        latch.wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    await pump
  }

  /** Follows one step's log from `offset` until the step has ended. */
  async *followLog(
    at: { jobId: string; task: number; step: number; attempt: number },
    offset: number,
    signal: AbortSignal,
  ): AsyncGenerator<LogChunk> {
    const query = `task=${at.task}&step=${at.step}&attempt=${at.attempt}&offset=${offset}`
    const response = await this.#fetch(`/api/private/jobs/${at.jobId}/log/stream?${query}`, { signal })
    if (!response.body) return
    for await (const message of readEventStream(response.body)) {
      if (message.event === 'end') return
      yield LogChunk.parse(JSON.parse(message.data))
    }
  }

  async #get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    return schema.parse(await (await this.#fetch(path)).json())
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${this.#connection.token}`)
    const url = new URL(path, this.#connection.url)
    const response = await fetch(url, { ...init, headers }).catch((error: unknown) => {
      // Only what never reached a server is its absence; a stream that breaks later, or our own abort, is not.
      if (!(error instanceof TypeError)) throw error
      const reason = error.cause instanceof Error ? error.cause.message : error.message
      throw new OrreryError('ORY_SERVER_UNREACHABLE', [this.#connection.url, reason])
    })
    if (response.ok) return response
    throw await errorOf(response)
  }
}

async function errorOf(response: Response): Promise<OrreryError> {
  const body = z
    .object({ message: z.string(), code: z.string().optional() })
    .safeParse(await response.json().catch(() => null))
  const message = body.success ? body.data.message : `the server answered ${response.status}`
  if (response.status === 401) return new OrreryError('ORY_TOKEN_INVALID')
  // A refusal with a reason of its own (SSH that is switched off) is told with that.
  const { code = 'ORY_FORBIDDEN' } = body.data ?? {}
  if (response.status === 403 && code === 'ORY_FORBIDDEN') return new OrreryError(code)
  if (response.status === 404) return new OrreryError('ORY_NOT_FOUND', [message.replace(/ not found$/, '')])
  if (response.status === 409) return new OrreryError('ORY_CONFLICT', [message])
  return new OrreryError('ORY_BAD_REQUEST', [message])
}
