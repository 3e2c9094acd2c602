/**
 * The tables as Kysely sees them; the migrations are their only maker. Documents that nobody queries inside are `json`
 * (kept byte for byte, any text allowed) and are written with `toJson`. `bigint` arrives as number (database.ts).
 */
import type { PlanJob, RequiredStatus } from '@orrery/config'
import type {
  CoverageFormat,
  JobStatus,
  JobType,
  PipelineError,
  PipelineState,
  SourceRef,
  StepStatus,
  TaskOutcome,
  TaskUsage,
  TestResult,
  TestSelection,
  UploadRequest,
  WorkflowStatus,
} from '@orrery/protocol'
import type { ColumnType, Generated } from 'kysely'
import type { Fork } from '../decisions/trust.ts'
import type { Continuation, PipelineRequest } from '../engine.ts'

/** Read as T, written as JSON text. */
type Json<T> = ColumnType<T, string, string>

export interface ProjectsTable {
  id: string
  slug: string
  name: string
  default_branch: string
  next_pipeline_number: Generated<number>
  next_job_number: Generated<number>
  /** ProjectSettings of the protocol. */
  disable_ssh: Generated<boolean>
  forks_read_caches: Generated<boolean>
  /** Rises with each purge of the project's Docker layers. */
  layer_generation: Generated<number>
  created_at: Date
}

export interface ProjectSshKeysTable {
  project_id: string
  /** Lower case; empty = every host. */
  hostname: string
  fingerprint_md5: string
  fingerprint_sha256: string
  public_key: string
  /** secrets/secret-box.ts */
  sealed: Buffer
  created_at: Date
}

export interface ProjectVariablesTable {
  project_id: string
  name: string
  /** secrets/secret-box.ts */
  sealed: Buffer
}

export interface ContextsTable {
  id: string
  name: string
  created_at: Date
}

export interface ContextVariablesTable {
  context_id: string
  name: string
  sealed: Buffer
}

export interface PipelinesTable {
  id: string
  /** Order of creation over all projects; pages of the whole list count by it. */
  serial: Generated<number>
  project_id: string
  number: number
  state: PipelineState
  trigger: string
  actor: string
  branch: string | null
  tag: string | null
  revision: string
  subject: string
  body: string
  author: string
  parameters: Json<PipelineRequest['parameters']>
  narrow: Json<PipelineRequest['only'] | null>
  /** Set for builds of a fork's pull request. */
  fork: Json<Fork | null>
  source: string | null
  compiled: string | null
  errors: Json<PipelineError[]>
  /** Of a setup pipeline that waits: the key for its jobs (secrets/secret-box.ts); null once it is spent. */
  continuation_sealed: Buffer | null
  /** SHA-256 of that key; stays, so that a second use is told from an unknown key. */
  continuation_hash: string | null
  /** What the continuation call gave, and the setup config's text. */
  continuation: ColumnType<Continuation | null, string | null | undefined, string | null>
  created_at: Date
}

export interface WorkflowsTable {
  id: string
  pipeline_id: string
  project_id: string
  name: string
  status: WorkflowStatus
  /** Id of the first workflow of a chain of reruns (execution.md 9.1). */
  workspace_id: string
  rerun_of: string | null
  /** A person asked for this rerun; such a workflow gets no automatic ones. */
  manual_rerun: Generated<boolean>
  max_auto_reruns: number
  auto_rerun_number: number
  started_by: string
  canceled_by: string | null
  created_at: Date
  stopped_at: Date | null
}

export interface StoredRequirement {
  jobId: string
  statuses: RequiredStatus[]
}

export interface JobsTable {
  id: string
  workflow_id: string
  pipeline_id: string
  project_id: string
  name: string
  /** Place in the plan's topological order. */
  position: number
  type: JobType
  status: JobStatus
  job_number: number | null
  plan: Json<PlanJob>
  requires: Json<StoredRequirement[]>
  executor: string
  resource_class: string
  parallelism: number
  contexts: string[]
  reason: string | null
  /** The job that really ran, when a rerun took its result over. */
  taken_over_from: string | null
  /** Jobs by whose test results the nodes deal their tests, newest first; null until one was claimed. */
  tests_from: ColumnType<string[] | null, string[] | null | undefined, string[] | null>
  /** The job whose failed tests alone are to run. */
  failed_tests_of: ColumnType<string | null, string | null | undefined, string | null>
  /** Why it is rejected instead of started. */
  unavailable: ColumnType<string | null, string | null | undefined, string | null>
  approved_by: string | null
  canceled_by: string | null
  /** Whose keys open the job by SSH; null: nobody's. */
  ssh_login: string | null
  created_at: Date
  /** When its requirements were met. */
  queued_at: Date | null
  started_at: Date | null
  stopped_at: Date | null
}

export type TaskState = 'runnable' | 'claimed' | 'ended'

export interface TasksTable {
  id: string
  /** Order in which tasks became runnable: jobs in graph order, nodes by index. */
  serial: Generated<number>
  job_id: string
  workflow_id: string
  pipeline_id: string
  project_id: string
  node_index: number
  executor: string
  state: TaskState
  runnable_at: Date
  epoch: Generated<number>
  runner_id: string | null
  lease_until: Date | null
  cancel_requested: Generated<boolean>
  /** Last stored event number of each source, for this epoch. */
  agent_seq: Generated<number>
  runner_seq: Generated<number>
  started_at: Date | null
  outcome: TaskOutcome | null
  reason: string | null
  ended_at: Date | null
  /** Null: not known, or not told yet. */
  usage: ColumnType<TaskUsage | null, string | null | undefined, string | null>
}

export interface StepsTable {
  task_id: string
  step: number
  attempt: number
  name: string
  kind: string
  command: string | null
  background: boolean
  max_auto_reruns: number | null
  origin: Json<SourceRef[]>
  status: StepStatus
  exit_code: number | null
  hint: string | null
  insignificant: Generated<boolean>
  log_bytes: Generated<number>
  log_lines: Generated<number>
  log_sha256: string | null
  started_at: Date
  ended_at: Date | null
}

export interface EventsTable {
  id: Generated<number>
  /** The writing transaction: readers wait until no older one can still commit. */
  tx: ColumnType<string, never, never>
  kind: string
  at: Date
  project_id: string | null
  pipeline_id: string | null
  workflow_id: string | null
  job_id: string | null
  task_id: string | null
  data: Json<unknown>
}

export interface UploadsTable {
  id: string
  task_id: string
  name: string
  kind: UploadRequest['kind']
  meta: Json<UploadRequest>
  /** Null until the commit. */
  outcome: 'stored' | 'exists' | null
  created_at: Date
}

interface BlobColumns {
  blob_key: string
  size: number
  sha256: string
}

export interface CachesTable extends BlobColumns {
  id: string
  serial: Generated<number>
  project_id: string
  /** Within the project: its own, or that of a fork (decisions/trust.ts). */
  scope: string
  key: string
  job_id: string
  job_number: number
  paths: Json<string[]>
  created_at: Date
  expires_at: Date
}

export interface WorkspaceLayersTable extends BlobColumns {
  id: string
  serial: Generated<number>
  workspace_id: string
  job_id: string
  task_id: string
  node_index: number
  step: number
  files: Json<string[]>
  created_at: Date
  /** Its bytes are gone then; the row stays. */
  expires_at: Date
}

export interface ArtifactsTable extends BlobColumns {
  id: string
  task_id: string
  job_id: string
  node_index: number
  path: string
  content_type: string
  created_at: Date
  /** Null: kept for ever. */
  expires_at: Date | null
}

export interface TestsTable {
  id: Generated<number>
  task_id: string
  job_id: string
  node_index: number
  name: string
  classname: string
  file: string | null
  run_time: number
  result: TestResult['result']
  message: string
  source: string
}

/** One source file of a coverage report. */
export interface CoverageTable {
  id: Generated<number>
  task_id: string
  job_id: string
  node_index: number
  /** Where the job had the report. */
  report: string
  format: CoverageFormat
  file: string
  lines_covered: number
  lines_total: number
  branches_covered: number
  branches_total: number
}

/** One row per job that stored test results. */
export interface TestRunsTable {
  job_id: string
  /** Order in which the first results came. */
  serial: Generated<number>
  project_id: string
  job_name: string
  branch: string | null
}

/** A test and its weight, in seconds where they are known. */
export type WaitingTest = [name: string, weight: number]

export interface TestQueuesTable {
  job_id: string
  suite: string
  /** Heaviest first. */
  waiting: Json<WaitingTest[]>
}

export interface TestBatchesTable {
  task_id: string
  suite: string
  /** Counts the batches of the task from 1. */
  number: number
  job_id: string
  tests: Json<WaitingTest[]>
  done: Generated<boolean>
}

/** What one node found out about the files that tests use. */
export interface ImpactPartsTable extends BlobColumns {
  id: string
  serial: Generated<number>
  project_id: string
  /** Whose builds wrote it (decisions/impact-scope.ts). */
  scope: string
  key: string
  pipeline_number: number
  job_id: string
  created_at: Date
  expires_at: Date
  /** Another document holds its content. */
  replaced: Generated<boolean>
}

export interface TestSelectionsTable {
  job_id: string
  suite: string
  /** Digest of the atoms that were there to select from, and of what was asked for. */
  question: string
  selection: Json<TestSelection>
  /** It leaves tests out. */
  skips: boolean
}

export interface RunnersTable {
  id: string
  name: string
  last_seen: Date
}

export interface UserSshKeysTable {
  id: string
  login: string
  name: string
  /** `<type> <base64>` */
  public_key: string
  fingerprint: string
  created_at: Date
}

export interface Schema {
  projects: ProjectsTable
  project_variables: ProjectVariablesTable
  project_ssh_keys: ProjectSshKeysTable
  contexts: ContextsTable
  context_variables: ContextVariablesTable
  pipelines: PipelinesTable
  workflows: WorkflowsTable
  jobs: JobsTable
  tasks: TasksTable
  steps: StepsTable
  events: EventsTable
  uploads: UploadsTable
  caches: CachesTable
  workspace_layers: WorkspaceLayersTable
  artifacts: ArtifactsTable
  tests: TestsTable
  coverage: CoverageTable
  test_runs: TestRunsTable
  test_queues: TestQueuesTable
  test_batches: TestBatchesTable
  impact_parts: ImpactPartsTable
  test_selections: TestSelectionsTable
  runners: RunnersTable
  user_ssh_keys: UserSshKeysTable
}
