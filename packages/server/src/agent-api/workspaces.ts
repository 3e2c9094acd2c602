import { WorkspaceAnswer } from '@orrery/protocol'
import { z } from 'zod'
import { leaseOf } from '../auth/actor.ts'
import type { App } from '../http/app.ts'
import { sendBlob } from '../http/send-blob.ts'
import type { Services } from '../services.ts'

const Task = z.object({ taskId: z.uuid() })
const Layer = Task.extend({ layerId: z.uuid() })

/** The layers that upstream jobs left for this one. */
export async function workspaceRoutes(app: App, services: Services): Promise<void> {
  const { engine } = services
  app.get('/workspace', { schema: { params: Task, response: { 200: WorkspaceAnswer } } }, async (request) =>
    engine.workspace(leaseOf(request, request.params.taskId)),
  )
  app.get('/workspace/layers/:layerId', { schema: { params: Layer } }, async (request, reply) => {
    const { taskId, layerId } = request.params
    const blob = await engine.workspaceBlob(leaseOf(request, taskId), layerId)
    return sendBlob(request, reply.type('application/octet-stream'), services.blobs, blob)
  })
}
