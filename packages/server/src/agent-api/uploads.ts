import type { TaskLease, Upload } from '@orrery/engine'
import {
  FileCoverage,
  maxImpactBytes,
  maxReportBytes,
  OrreryError,
  TestResult,
  UploadAck,
  UploadAnswer,
  UploadCommit,
  UploadCommitAnswer,
  UploadRequest,
} from '@orrery/protocol'
import { z } from 'zod'
import { leaseOf } from '../auth/actor.ts'
import type { App } from '../http/app.ts'
import { ErrorBody } from '../http/errors.ts'
import { bodyBytes, takeRawBodies } from '../http/raw-body.ts'
import type { Services } from '../services.ts'
import { Offset } from './logs.ts'
import { readReportRows } from './report-rows.ts'
import { servablePath } from './servable-path.ts'

const Task = z.object({ taskId: z.uuid() })
const Which = Task.extend({ uploadId: z.uuid() })
/** The hash becomes a file name. */
const Commit = UploadCommit.extend({ sha256: z.string().regex(/^[0-9a-f]{64}$/) })

/** Caches, workspace layers, artifacts and test reports on their way in: begin, send with offsets, commit. */
export async function uploadRoutes(app: App, services: Services): Promise<void> {
  const { engine, uploads, blobs } = services

  app.post(
    '/uploads',
    { schema: { params: Task, body: UploadRequest, response: { 200: UploadAnswer } } },
    async (request) => {
      const lease = leaseOf(request, request.params.taskId)
      const upload = await engine.beginUpload(lease, request.body.name, request.body.kind, metaOf(request.body))
      return { uploadId: upload.id, offset: await uploads.size(upload.id), committed: upload.committed }
    },
  )

  await app.register(async (scope: App) => {
    takeRawBodies(scope)
    scope.put(
      '/uploads/:uploadId',
      {
        schema: {
          params: Which,
          querystring: Offset,
          response: { 200: UploadAck, 409: z.union([UploadAck, ErrorBody]) },
        },
      },
      async (request, reply) => {
        const { taskId, uploadId } = request.params
        const upload = await engine.upload(leaseOf(request, taskId), uploadId)
        if (upload.committed) throw new OrreryError('ORY_BAD_REQUEST', ['the upload is committed already'])
        const most = mostBytes(upload, services)
        const result = await uploads.append(upload.id, request.query.offset, bodyBytes(request.body), most)
        return reply.code(result.gap ? 409 : 200).send({ offset: result.size })
      },
    )
  })

  app.post(
    '/uploads/:uploadId/commit',
    { bodyLimit: 64 * 1024 * 1024, schema: { params: Which, body: Commit, response: { 200: UploadCommitAnswer } } },
    async (request) => {
      const lease = leaseOf(request, request.params.taskId)
      const upload = await engine.upload(lease, request.params.uploadId)
      return { outcome: await commit(lease, upload, request.body) }
    },
  )

  async function commit(lease: TaskLease, upload: Upload, { files, size, sha256 }: z.infer<typeof Commit>) {
    if (upload.committed) return 'stored' as const
    const blobKey = await uploads.finish(upload.id, { size, sha256 })
    const rows = async function* <T>(schema: z.ZodType<T>) {
      yield* readReportRows(await blobs.open(blobKey), schema)
    }
    const outcome = await engine.commitUpload(
      lease,
      upload.id,
      { blobKey, size, sha256 },
      {
        ...(files && { files }),
        ...(upload.kind === 'tests' && { tests: () => rows(TestResult) }),
        ...(upload.kind === 'coverage' && { coverage: () => rows(FileCoverage) }),
      },
    )
    await uploads.secure(upload.id, sha256)
    await uploads.discard(upload.id)
    return outcome
  }
}

function metaOf(request: UploadRequest): UploadRequest {
  return request.kind === 'artifact' ? { ...request, path: servablePath(request.path) } : request
}

function mostBytes(upload: Upload, services: Services): number {
  if (upload.kind === 'tests' || upload.kind === 'coverage') return maxReportBytes
  if (upload.kind === 'impact') return maxImpactBytes
  return upload.kind === 'artifact' ? services.artifactBytes : Number.MAX_SAFE_INTEGER
}
