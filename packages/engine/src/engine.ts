/**
 * The engine's door. Every method that changes something is one PostgreSQL transaction which also appends to the event
 * log; nothing outside is called from within one. Ids are UUIDs, times are `Date`s at this border.
 *
 * Errors: OrreryError with ORY_NOT_FOUND for unknown ids, ORY_CONFLICT for a command the state does not allow,
 * ORY_TASK_GONE for a stale epoch. All of them leave the state untouched.
 */
import type { Plan, PlanJob } from '@orrery/config'
import type {
  ArtifactView,
  CacheHit,
  CoverageView,
  EarlierResult,
  EventBatch,
  FileCoverage,
  ImpactAnswer,
  ImpactRequest,
  JobSpec,
  JobView,
  LogReceipt,
  PipelineError,
  PipelineView,
  ProjectSettings,
  SelectionRequest,
  SiblingsAnswer,
  SshKeyView,
  TestBatch,
  TestBatchRequest,
  TestResult,
  TestSelection,
  TestView,
  TokenRequest,
  UploadRequest,
  UserKeyView,
  WorkflowView,
  WorkspaceAnswer,
} from '@orrery/protocol'
import type { Retention } from './decisions/retention.ts'
import type { Fork } from './decisions/trust.ts'

export interface Project {
  id: string
  slug: string
  name: string
  defaultBranch: string
}

/** Who did something: shown to people and written to the event log. */
export interface Actor {
  login: string
}

export interface PipelineRequest {
  projectId: string
  /** `webhook` for a push, `api`, `explicit` … (platform.md 3.3). */
  trigger: string
  actor: Actor
  /** Exactly one of branch and tag. */
  vcs: { branch?: string; tag?: string; revision: string; subject: string; body: string; author: string }
  /** Arguments for pipeline parameters. */
  parameters: Record<string, string | number | boolean>
  /** The head of the pull request is in another repository: less trust (execution.md 9.6, 11.6). */
  fork?: Fork
  /** Narrow the run, as `orrery run` does: keep one workflow, or one job with what it requires. */
  only?: { workflow?: string; job?: string }
}

/** What the continuation call brings. */
export interface ContinuationRequest {
  source: string
  parameters: Record<string, string | number | boolean>
}

/** How a setup pipeline goes on (platform.md 6). */
export interface Continuation extends ContinuationRequest {
  /** Text of the setup config. */
  setup: string
}

export interface PendingPipeline extends PipelineRequest {
  /** Set when the pipeline has had its setup workflow and is to be compiled for the second time. */
  continuation?: Continuation
  id: string
  number: number
  project: Project
  createdAt: Date
}

export interface ClaimedTask {
  spec: JobSpec
  epoch: number
}

/** A held task, for a runner that came back. */
export interface HeldTask {
  taskId: string
  epoch: number
  started: boolean
  /** What its logs must not show; empty while no agent has started it. */
  maskValues: string[]
}

/** What a task token stands for; checked against the row on every use. */
export interface TaskLease {
  taskId: string
  epoch: number
}

/** Facts about a task that the agent API needs for scoping. */
export interface TaskScope {
  taskId: string
  jobId: string
  projectId: string
  projectSlug: string
  workspaceId: string
  workflowId: string
  nodeIndex: number
  revision: string
}

export interface StoredBlob {
  blobKey: string
  size: number
  sha256: string
}

export interface Upload {
  id: string
  taskId: string
  name: string
  kind: UploadRequest['kind']
  /** The UploadRequest as sent. */
  meta: unknown
  committed: boolean
}

/** What is stored beside the blob: paths of a layer, or the rows of a report, in batches that are read once per call. */
export interface CommitExtra {
  files?: string[]
  tests?: () => AsyncIterable<TestResult[]>
  coverage?: () => AsyncIterable<FileCoverage[]>
}

/** `completed`: ended in any way; `failed`: ended but not well. */
export type JobFilter = 'completed' | 'successful' | 'failed' | 'running'

export interface LoggedEvent {
  /** Opaque, ordered position: pass it back as `after`. */
  cursor: string
  kind: string
  at: Date
  projectId: string | null
  pipelineId: string | null
  workflowId: string | null
  jobId: string | null
  taskId: string | null
  data: unknown
}

export interface RerunRequest {
  fromFailed: boolean
  /** From failed, and jobs that can tell their failed tests run only those (15.6); ORY_NO_FAILED_TESTS when no job can. */
  failedTests?: boolean
  /** Only these jobs, by id; excludes the others. */
  jobs?: readonly string[]
  /** The jobs stay open for the actor's keys (19). */
  ssh?: boolean
}

export interface Engine {
  // -- projects, variables, contexts
  createProject(request: { slug: string; name: string; defaultBranch: string }): Promise<Project>
  projectBySlug(slug: string): Promise<Project | null>
  projectById(id: string): Promise<Project | null>
  listProjects(): Promise<Project[]>
  projectSettings(projectId: string): Promise<ProjectSettings>
  /** Answers what holds now. */
  changeProjectSettings(projectId: string, changes: Partial<ProjectSettings>, actor: Actor): Promise<ProjectSettings>
  /** Jobs that are claimed from now on find no Docker layers of earlier ones. */
  purgeLayers(projectId: string, actor: Actor): Promise<void>
  setProjectVariable(projectId: string, name: string, value: string): Promise<void>
  /** Creates the context when it is new. */
  setContextVariable(context: string, name: string, value: string): Promise<void>
  /** An additional SSH key of the project, for `add_ssh_keys` steps; ORY_BAD_REQUEST when it is none or has a passphrase. */
  addSshKey(projectId: string, request: { hostname: string; privateKey: string }): Promise<SshKeyView>
  listSshKeys(projectId: string): Promise<SshKeyView[]>
  deleteSshKey(projectId: string, request: { hostname: string; fingerprint: string }): Promise<void>

  // -- people's SSH keys, each person's own
  addUserKey(actor: Actor, key: { publicKey: string; name?: string | undefined }): Promise<UserKeyView>
  listUserKeys(actor: Actor): Promise<UserKeyView[]>
  removeUserKey(actor: Actor, id: string): Promise<void>

  // -- pipelines (state pending → created | errored)
  /** Durable from here on: a server that dies afterwards finds it in `pendingPipelines`. */
  beginPipeline(request: PipelineRequest): Promise<PendingPipeline>
  pendingPipelines(): Promise<PendingPipeline[]>
  /** Creates workflows, jobs and tasks of the plan and makes the first jobs runnable. */
  startPipeline(
    id: string,
    compiled: { source: string; compiled: string; plan: Plan; isSetup?: boolean },
  ): Promise<void>
  /**
   * A setup pipeline as the continuation would have it compiled; its key stays good. ORY_TOKEN_INVALID for an unknown key,
   * ORY_CONFLICT for one that was used or is older than six hours.
   */
  openContinuation(key: string, given: ContinuationRequest): Promise<PendingPipeline>
  /** What was wrong with it is kept for people to see; the key stays good. */
  refuseContinuation(key: string, errors: PipelineError[]): Promise<void>
  /** Spends the key and starts the workflows; errors as above. */
  continuePipeline(
    key: string,
    given: ContinuationRequest,
    compiled: { source: string; compiled: string; plan: Plan },
  ): Promise<void>
  failPipeline(id: string, errors: PipelineError[], source?: string): Promise<void>

  // -- people's commands
  cancelWorkflow(workflowId: string, actor: Actor): Promise<void>
  cancelJob(jobId: string, actor: Actor): Promise<void>
  /** `requestId` equals the approval job's id. A second approval is ORY_CONFLICT. */
  approve(workflowId: string, requestId: string, actor: Actor): Promise<void>
  /** A new workflow in the same pipeline with the same workspace (execution.md 2.7); returns its id. */
  rerunWorkflow(workflowId: string, options: RerunRequest, actor: Actor): Promise<string>

  // -- runners
  /**
   * Takes the oldest runnable task whose executor is offered (`FOR UPDATE SKIP LOCKED`), raises its epoch and sets the
   * lease; waits for a NOTIFY up to `waitMs`. Null when nothing came or `signal` fired.
   */
  claimTask(
    runner: { id: string; name: string; executors: string[] },
    options: { waitMs: number; signal?: AbortSignal },
  ): Promise<ClaimedTask | null>
  heldTasks(runnerId: string): Promise<HeldTask[]>
  /** Back to the queue; ORY_CONFLICT once an agent event was stored. */
  releaseTask(lease: TaskLease, reason: string): Promise<void>
  /** Extends the lease; holds the call until a cancel arrives, at most `waitMs`. */
  renewLease(lease: TaskLease, options: { waitMs: number; signal?: AbortSignal }): Promise<'continue' | 'cancel'>
  /** The task document again, while no agent event was stored; else ORY_TASK_GONE. */
  taskSpec(lease: TaskLease): Promise<JobSpec>
  taskScope(lease: TaskLease): Promise<TaskScope>
  /** A token of the job's identity (execution.md 9.5); ORY_NO_IDENTITY for builds of forks without secrets. */
  issueToken(lease: TaskLease, request: TokenRequest): Promise<string>
  /** Throws what `taskScope` throws, for who needs no more than that. */
  checkLease(lease: TaskLease): Promise<void>
  /** How the other nodes of the task's job stand. */
  siblings(lease: TaskLease): Promise<SiblingsAnswer['state']>
  /**
   * Stores events once, in order; answers the last stored number. `verifyLog` is called before a `step.ended` is
   * stored, outside the transaction; it throws ORY_RECEIPT when the stored log is not the receipt's.
   */
  recordEvents(
    lease: TaskLease,
    batch: EventBatch,
    verifyLog: (step: number, attempt: number, receipt: LogReceipt) => Promise<void>,
  ): Promise<number>
  /** Tasks whose lease ran out become infrastructure_fail; returns how many. Never called before `giveFullLeases`. */
  expireLeases(now: Date): Promise<number>
  /**
   * Every lease gets a full term from now: at server start, because nobody could renew while we were away, and when the
   * clock has jumped, because the terms were counted by another one.
   */
  giveFullLeases(now: Date): Promise<void>

  // -- data of tasks
  beginUpload(lease: TaskLease, name: string, kind: Upload['kind'], meta: unknown): Promise<Upload>
  upload(lease: TaskLease, uploadId: string): Promise<Upload>
  /** Makes the upload visible; `exists` when another job stored the cache key first. */
  commitUpload(lease: TaskLease, uploadId: string, blob: StoredBlob, extra: CommitExtra): Promise<'stored' | 'exists'>
  /** Prefix search per key in order, newest first (execution.md 11.2); only the task's own cache scope. */
  lookupCache(lease: TaskLease, keys: string[]): Promise<(CacheHit & { blobKey: string }) | null>
  exactCache(lease: TaskLease, key: string): Promise<(CacheHit & { blobKey: string }) | null>
  cacheBlob(lease: TaskLease, cacheId: string): Promise<StoredBlob>
  /** Layers of transitive upstream jobs in graph order, with conflicts (execution.md 12.1). */
  workspace(lease: TaskLease): Promise<WorkspaceAnswer>
  workspaceBlob(lease: TaskLease, layerId: string): Promise<StoredBlob>
  /**
   * Results of earlier runs by which the task's tests are dealt, the newest of each test (execution.md 15.3); the same
   * for all nodes of the job, at any time.
   */
  earlierResults(lease: TaskLease): Promise<AsyncIterable<EarlierResult>>
  /** The next tests for a node from the queue that the nodes of its job share (execution.md 16.5). */
  takeTests(lease: TaskLease, request: TestBatchRequest): Promise<TestBatch>
  /** What the task may know about the files that a suite's tests use (execution.md 16.4). */
  testImpact(lease: TaskLease, request: ImpactRequest): Promise<ImpactAnswer>
  /** A document of the impact data. ORY_NOT_FOUND for one that the task may not read. */
  impactBlob(lease: TaskLease, partId: string): Promise<StoredBlob>
  /** The selection of the suite for the task's job: this one, or that of the node that came first. */
  agreeOnTests(lease: TaskLease, request: SelectionRequest): Promise<TestSelection>

  // -- reading
  listPipelines(filter: {
    projectId?: string
    branch?: string
    before?: number
    limit: number
  }): Promise<{ items: PipelineView[]; next: string | null }>
  pipeline(id: string): Promise<PipelineView>
  /** Numbers count within a project (api.md 1.7). */
  pipelineByNumber(projectId: string, number: number): Promise<PipelineView>
  pipelineConfig(id: string): Promise<{ source: string; compiled: string }>
  workflow(id: string): Promise<WorkflowView>
  job(id: string): Promise<JobView>
  jobByNumber(projectId: string, number: number): Promise<JobView>
  /** The newest job that ran in the project. ORY_NOT_FOUND when there is none of that kind. */
  latestJob(projectId: string, wanted: { branch?: string; filter: JobFilter }): Promise<string>
  jobTests(id: string): Promise<TestView[]>
  /** Artifacts with their blobs; `url` is left to the server. */
  jobArtifacts(id: string): Promise<(Omit<ArtifactView, 'url'> & StoredBlob & { contentType: string })[]>
  /** ORY_NOT_FOUND when the node stored none under this name, or its retention has passed. */
  jobArtifact(
    id: string,
    nodeIndex: number,
    path: string,
  ): Promise<Omit<ArtifactView, 'url'> & StoredBlob & { contentType: string }>
  /** Per report and file, as the nodes stored them. */
  jobCoverage(id: string): Promise<CoverageView[]>
  /** The task row behind `jobs/:id` and node index, for log paths. */
  taskOf(jobId: string, nodeIndex: number): Promise<{ taskId: string }>

  // -- garbage
  /** Removes what is past its retention; answers how many. Its bytes are the blob store's to remove. */
  removeExpired(): Promise<number>
  /** Those of the blobs that something names; all others may be removed once nobody can be adopting them. */
  namedBlobs(blobKeys: readonly string[]): Promise<Set<string>>
  /** Those of the uploads whose bytes may still be wanted. */
  openUploads(uploadIds: readonly string[]): Promise<Set<string>>

  // -- event log
  /** Events after the cursor in commit-safe order: an event is visible only when no older one can still appear. */
  readEvents(after: string | null, limit: number): Promise<LoggedEvent[]>
  /** Called after each commit that appended events (by LISTEN, with a slow poll as the floor). Returns unsubscribe. */
  onEvents(listener: () => void): () => void
  latestCursor(): Promise<string>

  close(): Promise<void>
}

/** What the engine is given; it reaches for no global. */
export interface EngineOptions {
  /** postgres:// or a unix-socket connection string. */
  databaseUrl: string
  clock: { now(): Date }
  /** 32 bytes; encrypts project and context variables at rest (AES-256-GCM). */
  secretKey: Buffer
  /** Makes a signed token of claims; absent: jobs have no identity. */
  signToken?: (claims: Record<string, unknown>) => Promise<string>
  /** For CIRCLE_BUILD_URL and clone addresses; no trailing slash. */
  publicUrl: string
  leaseS: number
  retention: Retention
  limits: JobSpec['limits']
  /** A cache that could not be uploaded fails its step; default: a warning (execution.md 11.1). */
  cacheUploadMustSucceed?: boolean
  /** How long a job with SSH stays open at its end; default: execution.md 19. */
  ssh?: { idleS: number; longestS: number }
}

/** Re-exported so that callers need no second import for what these calls take. */
export type { Fork, Plan, PlanJob, Retention }
