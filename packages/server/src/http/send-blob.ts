import type { StoredBlob } from '@orrery/engine'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { BlobStore } from '../blobs/blob-store.ts'
import { parseRange } from './range.ts'

/** Answers with a blob or the asked part of it. The caller has set the content type. */
export async function sendBlob(
  request: FastifyRequest,
  reply: FastifyReply,
  blobs: BlobStore,
  blob: StoredBlob,
): Promise<FastifyReply> {
  const range = parseRange(request.headers.range, blob.size)
  reply.header('accept-ranges', 'bytes').header('etag', `"${blob.sha256}"`)
  if (range === 'unsatisfiable') return reply.code(416).header('content-range', `bytes */${blob.size}`).send()
  const bytes = await blobs.open(blob.blobKey, range ?? undefined)
  if (!range) return reply.header('content-length', blob.size).send(bytes)
  return reply
    .code(206)
    .header('content-range', `bytes ${range.start}-${range.end}/${blob.size}`)
    .header('content-length', range.end - range.start + 1)
    .send(bytes)
}
