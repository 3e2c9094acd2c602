import { z } from 'zod'
import type { App } from '../http/app.ts'
import { sendBlob } from '../http/send-blob.ts'
import type { Services } from '../services.ts'
import { safeContentType } from './content-types.ts'

const Params = z.object({ id: z.uuid(), node: z.coerce.number().int().min(0), '*': z.string() })

/**
 * An artifact's bytes. The path is looked up as a name among the job's artifacts and never touches a file system. The
 * sandbox makes even a page that slips through an origin of its own, without scripts (execution.md 13).
 */
export async function artifactRoutes(app: App, services: Services): Promise<void> {
  app.get('/jobs/:id/artifacts/:node/*', { schema: { params: Params } }, async (request, reply) => {
    const { id, node, '*': path } = request.params
    const artifact = await services.engine.jobArtifact(id, node, path)
    reply
      .header('content-type', safeContentType(artifact.contentType))
      .header(
        'content-security-policy',
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'",
      )
      .header('x-content-type-options', 'nosniff')
      .header('cache-control', 'private, no-cache')
    return sendBlob(request, reply, services.blobs, artifact)
  })
}
