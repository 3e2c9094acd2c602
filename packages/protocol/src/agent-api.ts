/**
 * What an agent (and, for the infrastructure steps, a runner) says to the server about one task.
 *
 * Base path on the server: `/api/agent/v1/tasks/<taskId>`, `Authorization: Bearer <taskToken>`. Inside a place the
 * agent reaches the same paths *without* base path and token through the runner's gateway, a unix socket (see
 * place.ts): `POST /events`, `PUT /logs/101/0?offset=0`, … So a place needs no network to the server and holds no token.
 *
 * Every call is safe to repeat: events carry a sequence number, bytes carry an offset, uploads carry a name. A token
 * is bound to (task, epoch); after the server gave the task up, every call answers 410 and the agent stops its children.
 *
 * | call | body → answer |
 * |---|---|
 * | `GET /spec` | → JobSpec, until the first agent event arrived; then 410 |
 * | `POST /events` | EventBatch → EventAck; 422 when a log is not its receipt's: send it by `PUT` |
 * | `PUT /logs/:step/:attempt?offset=N` | raw bytes → LogAck; 409 LogAck when N is past the stored size |
 * | `POST /renew` | RenewRequest → RenewAnswer (held open up to `waitS`; returns at once on cancel) |
 * | `GET /siblings` | → SiblingsAnswer |
 * | `POST /token` | TokenRequest → TokenAnswer: a token that says to others which job this is |
 * | `POST /caches/lookup` | CacheLookup → CacheLookupAnswer |
 * | `GET /caches/:cacheId` | → bytes (Range supported) |
 * | `GET /workspace` | → WorkspaceAnswer |
 * | `GET /workspace/layers/:layerId` | → bytes (Range supported) |
 * | `GET /test-results` | → EarlierResults: what the task's tests are dealt by; the same bytes for all nodes of a job |
 * | `POST /test-queue` | TestBatchRequest → TestBatch |
 * | `POST /test-impact` | ImpactRequest → ImpactAnswer: what is known of which file touches which test |
 * | `GET /test-impact/parts/:partId` | → bytes, an ImpactData (Range supported) |
 * | `POST /test-impact/selection` | SelectionRequest → TestSelection: of the node that came first |
 * | `POST /uploads` | UploadRequest → UploadAnswer |
 * | `PUT /uploads/:uploadId?offset=N` | raw bytes → UploadAck; 409 UploadAck when N is past the stored size |
 * | `POST /uploads/:uploadId/commit` | UploadCommit → UploadCommitAnswer |
 * | `GET /source.tar` | → tar of the commit's tree, for images without git |
 * | `GET|POST /git/<slug>.git/…` | smart HTTP, read only, own project only |
 */
import { z } from 'zod'
import { StepStatus, TaskOutcome } from './statuses.ts'
import { SourceRef } from './steps.ts'

/** Proof of a complete log: the server refuses `step.ended` until it holds exactly these bytes. */
export const LogReceipt = z.object({
  bytes: z.number().int().min(0),
  /** Number of `\n` in the log. */
  lines: z.number().int().min(0),
  /** Lower-case hex of the SHA-256 of all bytes. */
  sha256: z.string().length(64),
})
export type LogReceipt = z.infer<typeof LogReceipt>

/** A token of the job's identity for somebody else than the usual audience (execution.md 9.5, 17). */
export const TokenRequest = z.object({
  /** Default: the organization's id. */
  audience: z.union([z.string().min(1).max(1000), z.array(z.string().min(1).max(1000)).min(1).max(20)]).optional(),
  /** Issued by the installation instead of the organization. */
  rootIssuer: z.boolean().default(false),
})
export type TokenRequest = z.infer<typeof TokenRequest>

export const TokenAnswer = z.object({ token: z.string() })
export type TokenAnswer = z.infer<typeof TokenAnswer>

const at = z.iso.datetime()

/** What the primary container of a task used (execution.md 21), the agent's own part included. */
export const TaskUsage = z.object({
  /** Processor time, seconds. */
  cpuS: z.number().min(0),
  /** Highest and mean of what was seen, without the files that the kernel keeps in memory. */
  memoryMaxBytes: z.number().int().min(0),
  memoryMeanBytes: z.number().int().min(0),
})
export type TaskUsage = z.infer<typeof TaskUsage>

export const TaskEventBody = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('step.started'),
    /** 0 = spin up environment, 1 = prepare environment variables, 2… = service containers, 101… = configured steps. */
    step: z.number().int().min(0),
    attempt: z.number().int().min(0),
    name: z.string(),
    kind: z.string(),
    command: z.string().optional(),
    background: z.boolean().default(false),
    maxAutoReruns: z.number().int().optional(),
    origin: z.array(SourceRef).default([]),
  }),
  z.object({
    type: z.literal('step.ended'),
    step: z.number().int().min(0),
    attempt: z.number().int().min(0),
    status: StepStatus,
    exitCode: z.number().int().nullable(),
    /** A sentence for people, e.g. "killed: out of memory". */
    hint: z.string().optional(),
    /** A failure of this step does not fail the job (service containers, background steps). */
    insignificant: z.boolean().default(false),
    log: LogReceipt,
  }),
  z.object({
    type: z.literal('task.ended'),
    outcome: TaskOutcome,
    /** Why, when the outcome is not the steps' own doing. */
    reason: z.string().optional(),
    /** Absent where nobody counts, and after an agent that died. */
    usage: TaskUsage.optional(),
  }),
])
export type TaskEventBody = z.infer<typeof TaskEventBody>

export const TaskEvent = z.intersection(z.object({ seq: z.number().int().min(1), at }), TaskEventBody)
export type TaskEvent = z.infer<typeof TaskEvent>

/** Runner and agent each count their own events from 1; a gap is refused with 409 and the last stored number. */
export const Reporter = z.enum(['agent', 'runner'])
export type Reporter = z.infer<typeof Reporter>

/** Most bytes of a log that travels with its end. */
export const maxCarriedBytes = 4096
/**
 * A whole log, for the `step.ended` in the same batch: a step that is over before anything of its log was sent needs no
 * request of its own. Stored before the event, as bytes of `PUT /logs` are; those may have brought some of it already.
 */
export const CarriedLog = z.object({
  step: z.number().int().min(0),
  attempt: z.number().int().min(0),
  bytes: z.base64().max(4 * Math.ceil(maxCarriedBytes / 3)),
})
export type CarriedLog = z.infer<typeof CarriedLog>

export const EventBatch = z.object({
  source: Reporter,
  events: z.array(TaskEvent).max(1000),
  logs: z.array(CarriedLog).max(1000).optional(),
})
export type EventBatch = z.infer<typeof EventBatch>
export const EventAck = z.object({ acked: z.number().int().min(0) })
export type EventAck = z.infer<typeof EventAck>

/** Bytes that are durable on the server. */
export const LogAck = z.object({ size: z.number().int().min(0) })
export type LogAck = z.infer<typeof LogAck>
/** Most bytes one log or upload request may carry. */
export const maxChunkBytes = 4 * 1024 * 1024

/** How the job's other nodes stand: `success` when all of them ended well, `failed` as soon as one did not. */
export const SiblingsAnswer = z.object({ state: z.enum(['running', 'success', 'failed']) })
export type SiblingsAnswer = z.infer<typeof SiblingsAnswer>

export const RenewRequest = z.object({ waitS: z.number().min(0).max(60) })
export type RenewRequest = z.infer<typeof RenewRequest>
export const RenewAnswer = z.object({
  /** `cancel`: stop all steps, end the task as canceled. */
  command: z.enum(['continue', 'cancel']),
  /** The agent stops its children when it could not renew for this long (seconds). */
  leaseS: z.number().positive(),
})
export type RenewAnswer = z.infer<typeof RenewAnswer>

/** Either prefixes, in order (restore), or one exact key (save asks whether it may skip). */
export const CacheLookup = z.union([z.object({ keys: z.array(z.string()).min(1) }), z.object({ exact: z.string() })])
export type CacheLookup = z.infer<typeof CacheLookup>
export const CacheHit = z.object({
  cacheId: z.uuid(),
  key: z.string(),
  /** Bytes of the stored archive. */
  size: z.number().int(),
  sha256: z.string(),
  jobNumber: z.number().int(),
  createdAt: at,
  paths: z.array(z.string()),
})
export type CacheHit = z.infer<typeof CacheHit>
export const CacheLookupAnswer = z.object({ hit: CacheHit.nullable() })
export type CacheLookupAnswer = z.infer<typeof CacheLookupAnswer>

export const WorkspaceLayer = z.object({
  layerId: z.uuid(),
  jobName: z.string(),
  jobId: z.uuid(),
  nodeIndex: z.number().int(),
  size: z.number().int(),
  sha256: z.string(),
})
export type WorkspaceLayer = z.infer<typeof WorkspaceLayer>
/** Most paths that an answer lists as conflicts. */
export const mostConflicts = 1000
/** Layers in the order in which they must be applied; `conflicts` = paths that concurrent jobs both stored (12.1). */
export const WorkspaceAnswer = z.object({
  layers: z.array(WorkspaceLayer),
  conflicts: z.array(z.string()),
  /** Set when a layer is older than it is kept; attaching must fail then. */
  expiredAfterDays: z.number().optional(),
})
export type WorkspaceAnswer = z.infer<typeof WorkspaceAnswer>

/** One test case (execution.md 14.2). */
export const TestResult = z.object({
  name: z.string(),
  classname: z.string(),
  file: z.string().optional(),
  /** Seconds. */
  runTime: z.number().min(0),
  result: z.enum(['success', 'failure', 'error', 'skipped']),
  message: z.string().default(''),
  source: z.string().default(''),
})
export type TestResult = z.infer<typeof TestResult>

export const CoverageFormat = z.enum(['cobertura', 'lcov', 'jacoco', 'clover'])
export type CoverageFormat = z.infer<typeof CoverageFormat>
/** More lines than any program has; what a database holds in four bytes. */
export const mostCovered = 2 ** 31 - 1
const count = z.number().int().min(0).max(mostCovered)
const Share = z.object({ covered: count, total: count })
/** What one report says about one source file. A format without branches has 0 of 0. */
export const FileCoverage = z.object({ file: z.string(), lines: Share, branches: Share })
export type FileCoverage = z.infer<typeof FileCoverage>

/**
 * One test case of an earlier run, in the notation of the format's own file `circle-test-results/results.json`
 * (execution.md 15.3). `run_time` in seconds.
 */
export const EarlierResult = z.object({
  classname: z.string(),
  file: z.string().nullable(),
  name: z.string(),
  result: TestResult.shape.result,
  run_time: z.number(),
  source: z.string(),
})
export type EarlierResult = z.infer<typeof EarlierResult>

/** Asks the queue that the nodes of a job share for this node's next part of a test suite (execution.md 16.5). */
export const TestBatchRequest = z.object({
  suite: z.string().min(1).max(1000),
  /**
   * All tests of the suite with the seconds they took, 0 = unknown. The list of the node that comes first becomes the
   * queue; later requests of a node may leave it empty.
   */
  tests: z.array(z.object({ name: z.string().max(32_768), seconds: z.number().min(0) })).max(200_000),
  /** How many batches this node has finished; a repeated request gets the same batch again. */
  done: z.number().int().min(0).max(1_000_000),
})
export type TestBatchRequest = z.infer<typeof TestBatchRequest>
/** No tests: nothing is left for this node. */
export const TestBatch = z.object({ tests: z.array(z.string()) })
export type TestBatch = z.infer<typeof TestBatch>

/** What tells the data of one suite from that of another (execution.md 16.1). */
export const ImpactKey = z.string().min(1).max(200)

/** Most bytes of one ImpactData. */
export const maxImpactBytes = 24 * 1024 * 1024
/**
 * Which files each test atom used, and what was in them (execution.md 16.4). One document is what one node found out;
 * all of a suite together are its impact data, in which the newest word on an atom counts.
 */
export const ImpactData = z.object({
  version: z.literal(1),
  /** By id. `path` counts from the root of the checkout, `hash` has 64 bits. One path may have several. */
  files: z.record(
    z.string(),
    z.object({ path: z.string().min(1).max(4096), hash: z.string().regex(/^[0-9a-f]{16}$/) }),
  ),
  /** Ids of the files that the atom used. */
  edges: z.record(z.string(), z.array(z.number().int().min(0))),
  /** Ids of the files that a glob of the suite stood for; only in the document of the node that keeps the others' words. */
  globs: z.record(z.string(), z.array(z.number().int().min(0))).optional(),
})
export type ImpactData = z.infer<typeof ImpactData>

const atomName = z.string().max(32_768)
/** Which atoms of a suite run, and why; agreed on by the nodes of a job before they split them (execution.md 16.3). */
export const TestSelection = z.object({
  selected: z.array(z.object({ atom: atomName, reason: z.string().max(10_000) })).max(200_000),
  skipped: z.array(atomName).max(200_000),
  /** Atoms whose impact data is missing or old. */
  stale: z.array(atomName).max(200_000),
})
export type TestSelection = z.infer<typeof TestSelection>

export const ImpactRequest = z.object({ key: ImpactKey })
export type ImpactRequest = z.infer<typeof ImpactRequest>
/** More failed tests than this are not told one by one. */
export const mostFailedTests = 20_000
export const ImpactAnswer = z.object({
  /** What the job builds. A pull request of a fork is a branch, whatever its name. */
  builds: z.enum(['default-branch', 'branch', 'tag']),
  /** The documents of the impact data, the oldest word first. */
  parts: z.array(z.uuid()),
  /** Tests that failed when the job ran last on this branch; at most `mostFailedTests`. */
  failed: z.array(z.object({ file: z.string().nullable(), classname: z.string(), name: z.string() })),
})
export type ImpactAnswer = z.infer<typeof ImpactAnswer>
export const SelectionRequest = z.object({
  suite: z.string().min(1).max(1000),
  /** What is asked for, digested: the discovered atoms and how many of them to run. Only equal questions have one answer. */
  question: z.string().regex(/^[0-9a-f]{40}$/),
  selection: TestSelection,
})
export type SelectionRequest = z.infer<typeof SelectionRequest>

/**
 * `name` identifies the upload within the task (e.g. `101-0-cache`), so that a repeated request finds the first.
 * Archives are tar compressed with zstd. `tests` uploads are newline-delimited JSON of TestResult, `coverage` uploads of
 * FileCoverage, an `impact` upload is an ImpactData.
 */
export const UploadRequest = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('cache'), name: z.string(), key: z.string(), paths: z.array(z.string()) }),
  z.object({ kind: z.literal('workspace'), name: z.string(), step: z.number().int() }),
  z.object({ kind: z.literal('artifact'), name: z.string(), path: z.string(), contentType: z.string() }),
  z.object({ kind: z.literal('tests'), name: z.string() }),
  z.object({ kind: z.literal('coverage'), name: z.string(), report: z.string(), format: CoverageFormat }),
  /** `replaces`: parts whose content is in this one. */
  z.object({
    kind: z.literal('impact'),
    name: z.string(),
    key: ImpactKey,
    replaces: z.array(z.uuid()).max(10_000),
  }),
])
/** Most bytes of one `tests` or `coverage` upload. */
export const maxReportBytes = 100 * 1024 * 1024
export type UploadRequest = z.infer<typeof UploadRequest>
export const UploadAnswer = z.object({
  uploadId: z.uuid(),
  /** Bytes already stored: go on from here. */
  offset: z.number().int().min(0),
  committed: z.boolean(),
})
export type UploadAnswer = z.infer<typeof UploadAnswer>
export const UploadAck = z.object({ offset: z.number().int().min(0) })
export type UploadAck = z.infer<typeof UploadAck>
export const UploadCommit = z.object({
  size: z.number().int().min(0),
  sha256: z.string().length(64),
  /** Workspace layers only: every file path in the layer, for conflict checks before download. */
  files: z.array(z.string()).optional(),
})
export type UploadCommit = z.infer<typeof UploadCommit>
/** `exists`: another job stored this cache key first; ours was dropped (11.1.4). */
export const UploadCommitAnswer = z.object({ outcome: z.enum(['stored', 'exists']) })
export type UploadCommitAnswer = z.infer<typeof UploadCommitAnswer>
