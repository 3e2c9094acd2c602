import { Readable } from 'node:stream'
import {
  type EarlierResult,
  ImpactAnswer,
  ImpactRequest,
  SelectionRequest,
  TestBatch,
  TestBatchRequest,
  TestSelection,
} from '@orrery/protocol'
import { z } from 'zod'
import { leaseOf } from '../auth/actor.ts'
import type { App } from '../http/app.ts'
import { sendBlob } from '../http/send-blob.ts'
import type { Services } from '../services.ts'

const Task = z.object({ taskId: z.uuid() })
/** Rows of the answer that become one piece of it. */
const atOnce = 500

/**
 * What the nodes of a job share to deal their tests. `POST /test-queue`: the next part of a suite (execution.md 16.5).
 * `GET /test-results`: the document that the place shows as `circle-test-results/results.json` (execution.md 15.3).
 * `/test-impact`: what selects the tests of a suite, and what was selected (execution.md 16.4).
 */
export async function testRoutes(app: App, services: Services): Promise<void> {
  app.get('/test-results', { schema: { params: Task } }, async (request, reply) => {
    const results = await services.engine.earlierResults(leaseOf(request, request.params.taskId))
    return reply.type('application/json').send(Readable.from(documentOf(results)))
  })
  app.post(
    '/test-queue',
    {
      bodyLimit: 32 * 1024 * 1024,
      schema: { params: Task, body: TestBatchRequest, response: { 200: TestBatch } },
    },
    async (request) => services.engine.takeTests(leaseOf(request, request.params.taskId), request.body),
  )
  impactRoutes(app, services)
}

const Part = Task.extend({ partId: z.uuid() })

function impactRoutes(app: App, services: Services): void {
  const { engine } = services
  app.post(
    '/test-impact',
    { schema: { params: Task, body: ImpactRequest, response: { 200: ImpactAnswer } } },
    async (request) => engine.testImpact(leaseOf(request, request.params.taskId), request.body),
  )
  app.get('/test-impact/parts/:partId', { schema: { params: Part } }, async (request, reply) => {
    const { taskId, partId } = request.params
    const blob = await engine.impactBlob(leaseOf(request, taskId), partId)
    return sendBlob(request, reply.type('application/json'), services.blobs, blob)
  })
  app.post(
    '/test-impact/selection',
    {
      bodyLimit: 32 * 1024 * 1024,
      schema: { params: Task, body: SelectionRequest, response: { 200: TestSelection } },
    },
    async (request) => engine.agreeOnTests(leaseOf(request, request.params.taskId), request.body),
  )
}

/** Written as it is read: neither side ever holds all of it. Messages of failures stay behind, they may be huge. */
async function* documentOf(results: AsyncIterable<EarlierResult>): AsyncGenerator<string> {
  let rows: string[] = []
  let separator = '{"tests":[\n'
  for await (const result of results) {
    rows.push(JSON.stringify({ ...result, message: '', source_type: 'test-suite' }))
    if (rows.length < atOnce) continue
    yield separator + rows.join(',\n')
    separator = ',\n'
    rows = []
  }
  yield `${rows.length > 0 || separator.startsWith('{') ? separator : ''}${rows.join(',\n')}],"files":[],"exceptions":[]}\n`
}
