import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { CacheHit, JobSpec, UploadCommitAnswer, UploadRequest, WorkspaceAnswer } from '@orrery/protocol'
import { CacheLookup } from '@orrery/protocol'
import type { z } from 'zod'
import { type CommitFacts, type Uplink, UplinkError } from '../../uplink/uplink.ts'
import type { StepContext } from '../step.ts'

type Stored = { request: UploadRequest; bytes: Buffer; files: string[] | undefined }

/**
 * A task with its server, for the tests of the storing steps: real files below a temporary directory, and the part of
 * the agent API that these steps use, in memory and by the same rules (first writer wins, newest prefix match).
 */
export class TaskPeer implements Uplink, AsyncDisposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'orrery-steps-'))
  readonly work = join(this.dir, 'home/project')
  readonly uploads: Stored[] = []
  readonly caches: (CacheHit & { bytes: Buffer })[] = []
  workspace: WorkspaceAnswer = { layers: [], conflicts: [] }
  readonly layers = new Map<string, Buffer>()
  /** Refuses what it returns an error for; asked before every call with `<kind or path>`. */
  refuse: (what: string) => Error | undefined = () => undefined
  /** Runs while an upload is under way. */
  duringUpload: () => void = () => undefined
  log = ''
  private readonly stop = new AbortController()
  private steps = 100

  constructor() {
    mkdirSync(this.work, { recursive: true })
    mkdirSync(this.tmp)
  }

  get tmp(): string {
    return join(this.dir, 'tmp')
  }

  /** Names of leftover temporary files. */
  get leftovers(): string[] {
    return readdirSync(this.tmp)
  }

  /** Writes files below the working directory (or at absolute paths). */
  files(contents: Record<string, string>): void {
    for (const [name, content] of Object.entries(contents)) {
      const path = this.path(name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, content)
    }
  }

  path(name: string): string {
    if (name === '~' || name.startsWith('~/')) return join(this.dir, 'home', name.slice(1))
    return name.startsWith('/') ? name : join(this.work, name)
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8')
  }

  /** The context of the next step; empties the log. */
  next(change: { spec?: Partial<JobSpec>; env?: Record<string, string> } = {}): StepContext {
    this.log = ''
    this.steps++
    return {
      spec: { ...spec, ...change.spec },
      env: change.env ?? {},
      home: join(this.dir, 'home'),
      workingDirectory: this.work,
      resolvePath: (path) => this.path(path),
      write: (text) => {
        this.log += text
      },
      uplink: this,
      signal: this.stop.signal,
      tmp: this.tmp,
      step: this.steps,
      attempt: 0,
    }
  }

  cancel(): void {
    this.stop.abort(new Error('canceled'))
  }

  async json<T>(_method: 'GET' | 'POST', path: string, body: unknown, schema: z.ZodType<T>): Promise<T> {
    this.guard(path)
    if (path === '/workspace') return schema.parse(this.workspace)
    if (path === '/caches/lookup') return schema.parse({ hit: this.lookup(CacheLookup.parse(body)) })
    throw new UplinkError(404, `${path} not found`)
  }

  async *download(path: string): AsyncGenerator<Buffer> {
    this.guard(path)
    const id = path.split('/').at(-1) ?? ''
    const bytes = this.layers.get(id) ?? this.caches.find(({ cacheId }) => cacheId === id)?.bytes
    if (bytes === undefined) throw new UplinkError(404, `${path} not found`)
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000)
  }

  async upload(request: UploadRequest, file: string, commit: CommitFacts): Promise<UploadCommitAnswer> {
    this.guard(request.kind === 'artifact' ? request.path : request.kind)
    const bytes = readFileSync(file)
    if (commit.receipt !== undefined && commit.receipt.sha256 !== receipt(bytes).sha256)
      throw new Error('wrong receipt')
    this.duringUpload()
    if (request.kind === 'cache' && this.caches.some(({ key }) => key === request.key)) return { outcome: 'exists' }
    this.uploads.push({ request, bytes, files: commit.files })
    if (request.kind === 'cache') this.addCache(request.key, request.paths, bytes)
    return { outcome: 'stored' }
  }

  addCache(key: string, paths: string[], bytes: Buffer): void {
    const createdAt = new Date(1_700_000_000_000 + this.caches.length * 1000).toISOString()
    this.caches.push({ cacheId: randomUUID(), key, ...receipt(bytes), jobNumber: 7, createdAt, paths, bytes })
  }

  /** Makes the workspace uploads so far, in their order, what an attaching job sees. */
  shareWorkspace(): void {
    for (const { request, bytes } of this.uploads) {
      if (request.kind !== 'workspace') continue
      const layerId = randomUUID()
      this.layers.set(layerId, bytes)
      this.workspace.layers.push({ layerId, jobName: 'build', jobId: randomUUID(), nodeIndex: 0, ...receipt(bytes) })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.dir, { recursive: true, force: true })
  }

  private lookup(wanted: CacheLookup): CacheHit | null {
    const newest = [...this.caches].reverse()
    if ('exact' in wanted) return newest.find(({ key }) => key === wanted.exact) ?? null
    for (const prefix of wanted.keys) {
      const hit = newest.find(({ key }) => key.startsWith(prefix))
      if (hit) return hit
    }
    return null
  }

  private guard(what: string): void {
    this.stop.signal.throwIfAborted()
    const refusal = this.refuse(what)
    if (refusal) throw refusal
  }
}

function receipt(bytes: Buffer): { size: number; sha256: string } {
  return { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}

const spec: JobSpec = {
  taskId: randomUUID(),
  jobId: randomUUID(),
  jobName: 'build',
  jobNumber: 42,
  workflowId: randomUUID(),
  workflowName: 'main',
  workspaceId: randomUUID(),
  pipelineId: randomUUID(),
  projectId: randomUUID(),
  projectSlug: 'local/acme/app',
  nodeIndex: 0,
  nodeTotal: 1,
  executor: { type: 'docker', images: [{ image: 'scratch', environment: {} }] },
  resourceClass: { name: 'medium', vcpus: 2, memoryMb: 4096, arch: 'amd64' },
  workingDirectory: '~/project',
  shell: null,
  environment: [
    { source: 'project', vars: { FROM_PROJECT: 'project' } },
    { source: 'context:deploy', vars: { FROM_CONTEXT: 'context' } },
    { source: 'builtin', vars: { CIRCLE_JOB: 'build' } },
    { source: 'image', vars: { FROM_IMAGE: 'image' } },
    { source: 'job', vars: { FROM_JOB: 'job' } },
  ],
  maskValues: [],
  sshKeys: [],
  steps: [],
  checkout: {
    url: 'http://localhost/git/local/acme/app.git',
    gatewayPath: '/git/local/acme/app.git',
    sha: 'c0ffee',
    branch: 'main',
  },
  limits: { maxRunTimeS: 60, noOutputTimeoutS: 60, cancelGraceS: 1, logBytesPerStep: 1e6, artifactBytes: 1000 },
}
