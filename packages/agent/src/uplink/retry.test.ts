import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { EventFile } from '../spool/event-file.ts'
import { taskPaths } from '../spool/layout.ts'
import { Connection } from './connection.ts'
import { Judge } from './retry.ts'
import { Sender } from './sender.ts'

it.each<[number, string]>([
  [200, 'done'],
  [409, 'conflict'],
  [410, 'gone'],
  [401, 'retry'],
  [429, 'retry'],
  [502, 'retry'],
  [503, 'retry'],
  [507, 'retry'],
  [500, 'refused'],
  [404, 'refused'],
  [413, 'refused'],
])('judges %d as %s, for as long as it comes', async (status, verdict) => {
  const judge = new Judge(1)
  judge.verdict(status)
  await delay(5)

  expect(judge.verdict(status)).toBe(verdict)
})

it('begins to count anew when a request meets something else in between', async () => {
  const judge = new Judge(20)
  judge.verdict(500)
  await delay(30)
  judge.verdict(503)

  expect(judge.verdict(500)).toBe('retry')
})

it.each([
  ['events', /^POST \/events/],
  ['a log', /^PUT \/logs/],
])('ends a task whose %s the server answers with 500 for ever', async (_, broken) => {
  const root = await mkdtemp(join(tmpdir(), 'orrery-'))
  const server = createServer(async (request, response) => {
    for await (const chunk of request) void chunk
    const isBroken = broken.test(`${request.method} ${request.url}`)
    const answer = isBroken ? { message: 'broken' } : { acked: 1, size: 0 }
    response.writeHead(isBroken ? 500 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(join(root, 'gateway.sock'), resolve))
  const paths = taskPaths(root)
  const sender = new Sender(
    { ...paths, spool: root },
    EventFile.create(join(root, 'events')),
    new Connection(paths.gateway, 200),
  )

  const log = sender.openLog(101, 0)
  log.append(Buffer.from('text'))
  sender.report({ type: 'step.started', step: 101, attempt: 0, name: 'x', kind: 'run', background: false, origin: [] })

  await expect(sender.done).rejects.toThrow(/the server refuses .*: broken/)
  sender.close()
  server.closeAllConnections()
  server.close()
  await rm(root, { recursive: true, force: true })
})
