import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { appendFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import { json } from '../../test/kit/peer.ts'
import { TestPlace } from '../../test/kit/place.ts'
import { jobSpec } from '../../test/kit/spec.ts'
import { FileShrankError } from '../spool/read-fully.ts'
import { Connection } from './connection.ts'
import { taskUplink } from './task-uplink.ts'
import type { Uplink } from './uplink.ts'

let place: TestPlace
let connection: Connection
let uplink: Uplink
let abort: AbortController
beforeEach(async () => {
  place = await TestPlace.create(jobSpec([]))
  connection = new Connection(join(place.root, 'gateway.sock'))
  abort = new AbortController()
  uplink = taskUplink(connection, abort.signal)
})
afterEach(async () => {
  connection.close()
  await place[Symbol.asyncDispose]()
})

const content = randomBytes(5_000_000)

async function bytesOf(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

it.each([true, false])('downloads over broken connections (the server knows ranges: %s)', async (ranges) => {
  let broken = 0
  place.peer.routes.push({
    method: 'GET',
    path: /^\/caches\/x$/,
    handle: (request, response) => {
      const from = ranges ? Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0) : 0
      const rest = content.subarray(from)
      response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length })
      if (broken >= 3) response.end(rest)
      else {
        broken += 1
        response.write(rest.subarray(0, broken * 1_000_000), () => response.destroy())
      }
    },
  })

  const bytes = await bytesOf(uplink.download('/caches/x'))

  expect(broken).toBe(3)
  expect(bytes.equals(content)).toBe(true)
})

it('stores what a file held at the beginning when it grows and changes under the upload', async () => {
  const uploadId = randomUUID()
  const file = join(place.root, 'log')
  const stored: Buffer[] = []
  let committed: unknown
  place.peer.routes.push(
    {
      method: 'POST',
      path: /^\/uploads$/,
      handle: (_, response) => {
        appendFileSync(file, 'early')
        json(response, 200, { uploadId, offset: 0, committed: false })
      },
    },
    {
      method: 'PUT',
      path: /^\/uploads\/.*\?offset=\d+$/,
      handle: (_, response, body) => {
        stored.push(body)
        appendFileSync(file, 'more')
        json(response, 200, { offset: Buffer.concat(stored).length })
      },
    },
    {
      method: 'POST',
      path: /commit$/,
      handle: (_, response, body) => {
        committed = JSON.parse(body.toString())
        json(response, 200, { outcome: 'stored' })
      },
    },
  )
  writeFileSync(file, content)

  await uplink.upload({ kind: 'artifact', name: 'a', path: 'log', contentType: 'text/plain' }, file, {})

  expect(Buffer.concat(stored).equals(content)).toBe(true)
  expect(committed).toEqual({ size: content.length, sha256: createHash('sha256').update(content).digest('hex') })
})

it('uploads in chunks, goes on where the server stopped, and commits with size and hash', async () => {
  const uploadId = randomUUID()
  let stored = Buffer.from(content.subarray(0, 1000))
  const commits: unknown[] = []
  place.peer.routes.push(
    {
      method: 'POST',
      path: /^\/uploads$/,
      handle: (_, response) => json(response, 200, { uploadId, offset: stored.length, committed: false }),
    },
    {
      method: 'PUT',
      path: /^\/uploads\/.*\?offset=\d+$/,
      handle: (request, response, body) => {
        const offset = Number(/\d+$/.exec(request.url ?? '')?.[0])
        expect(offset).toBeLessThanOrEqual(stored.length)
        stored = Buffer.concat([stored, body.subarray(stored.length - offset)])
        place.peer.unwell = 1
        json(response, 200, { offset: stored.length })
      },
    },
    {
      method: 'POST',
      path: /commit$/,
      handle: (_, response, body) => {
        commits.push(JSON.parse(body.toString()))
        json(response, 200, { outcome: 'stored' })
      },
    },
  )
  const file = join(place.root, 'file')
  writeFileSync(file, content)

  const answer = await uplink.upload({ kind: 'workspace', name: 'w', step: 101 }, file, { files: ['a'] })

  expect(answer).toEqual({ outcome: 'stored' })
  expect(stored.equals(content)).toBe(true)
  const sha256 = createHash('sha256').update(content).digest('hex')
  expect(commits).toEqual([{ files: ['a'], size: content.length, sha256 }])
})

it('tells that a file shrank under its upload', async () => {
  const file = join(place.root, 'log')
  writeFileSync(file, content)
  place.peer.routes.push({
    method: 'POST',
    path: /^\/uploads$/,
    handle: (_, response) => {
      truncateSync(file, 1000)
      json(response, 200, { uploadId: randomUUID(), offset: 0, committed: false })
    },
  })

  const uploaded = uplink.upload({ kind: 'artifact', name: 'a', path: 'log', contentType: 'text/plain' }, file, {})

  await expect(uploaded).rejects.toBeInstanceOf(FileShrankError)
})

it.each<[string, string, (of: Uplink) => Promise<unknown>]>([
  ['a question', 'POST', (of) => of.json('POST', '/broken', {}, z.object({}))],
  ['a download', 'GET', (of) => bytesOf(of.download('/broken'))],
])('gives up %s that the server answers with 500 for ever', async (_, method, ask) => {
  let asked = 0
  const impatient = new Connection(join(place.root, 'gateway.sock'), 300)
  place.peer.routes.push({
    method,
    path: /^\/broken$/,
    handle: (_request, response) => {
      asked += 1
      json(response, 500, { message: 'broken' })
    },
  })

  const refused = ask(taskUplink(impatient, abort.signal))

  await expect(refused).rejects.toMatchObject({ name: 'UplinkError', status: 500, message: 'broken' })
  expect(asked).toBeGreaterThan(1)
  impatient.close()
})

it('tells a final refusal with the server’s sentence', async () => {
  place.peer.routes.push({
    method: 'POST',
    path: /lookup/,
    handle: (_, response) => json(response, 413, { message: 'the key is too long' }),
  })

  const asked = uplink.json('POST', '/caches/lookup', {}, z.object({}))

  await expect(asked).rejects.toMatchObject({ name: 'UplinkError', status: 413, message: 'the key is too long' })
})

it('stops waiting for a server that is away when the step has to stop', async () => {
  await place.peer.down()
  const asked = uplink.json('GET', '/workspace', undefined, z.object({}))

  abort.abort(new Error('stop'))

  await expect(asked).rejects.toThrow(/stop|aborted/)
})
