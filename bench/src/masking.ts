import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EventBatch, type JobSpec } from '@orrery/protocol'
import { jobSpec, run } from '../../packages/agent/test/kit/spec.ts'

const agent = fileURLToPath(new URL('../../packages/agent/dist/agent.mjs', import.meta.url))

/** MB/s of the agent alone, from a step's program to a peer that throws the bytes away. */
export async function agentSpeed(command: string, secrets: number): Promise<number> {
  const root = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
  const values = Array.from({ length: secrets }, (_, index) => `${index}-${randomUUID()}`)
  const spec = jobSpec([run(command)], { maskValues: values, limits: { logBytesPerStep: 2 ** 32, maxRunTimeS: 300 } })
  const { promise: speed, resolve } = Promise.withResolvers<number>()
  const server = discard(spec, resolve)
  server.listen(join(root, 'gateway.sock'))
  await once(server, 'listening')
  try {
    const child = spawn(process.execPath, [agent, 'run', root], {
      env: { PATH: process.env['PATH'], HOME: root },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    await once(child, 'exit')
    return await speed
  } finally {
    server.closeAllConnections()
    server.close()
    await rm(root, { recursive: true, force: true })
  }
}

function discard(spec: JobSpec, done: (speed: number) => void): ReturnType<typeof createServer> {
  let started = 0
  return createServer(async (request, response) => {
    const url = request.url ?? ''
    const offset = /^\/logs\/.*offset=(?<offset>\d+)/.exec(url)?.groups?.['offset']
    let size = Number(offset ?? 0)
    let text = ''
    for await (const chunk of request as AsyncIterable<Buffer>) {
      if (offset === undefined) text += chunk.toString()
      else size += chunk.length
    }
    if (url === '/spec') return answer(response, spec)
    if (offset !== undefined) return answer(response, { size })
    if (url === '/renew') return answer(response, { command: 'continue', leaseS: 60 })
    const { events } = EventBatch.parse(JSON.parse(text))
    for (const event of events) {
      if (event.type === 'task.ended' || event.step < 101) continue
      if (event.type === 'step.started') started = Date.parse(event.at)
      else done(event.log.bytes / 1e3 / (Date.now() - started))
    }
    answer(response, { acked: events.at(-1)?.seq ?? 0 })
  })
}

function answer(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
