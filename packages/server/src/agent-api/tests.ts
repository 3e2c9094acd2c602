import { Readable } from 'node:stream'
import { type EarlierResult, TestBatch, TestBatchRequest } from '@orrery/protocol'
import { z } from 'zod'
import { leaseOf } from '../auth/actor.ts'
import type { App } from '../http/app.ts'
import type { Services } from '../services.ts'

const Task = z.object({ taskId: z.uuid() })
/** Rows of the answer that become one piece of it. */
const atOnce = 500

/**
 * What the nodes of a job share to deal their tests. `POST /test-queue`: the next part of a suite (execution.md 16.5).
 * `GET /test-results`: the document that the place shows as `circle-test-results/results.json` (execution.md 15.3).
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
