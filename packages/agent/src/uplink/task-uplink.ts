import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import {
  maxChunkBytes,
  UploadAck,
  UploadAnswer,
  type UploadCommit,
  UploadCommitAnswer,
  type UploadRequest,
} from '@orrery/protocol'
import type { z } from 'zod'
import { readFully } from '../spool/read-fully.ts'
import { type Call, type Connection, messageOf, parseReply, type Reply } from './connection.ts'
import { Backoff, GoneError, Judge, verdictOf } from './retry.ts'
import { type CommitFacts, type Uplink, UplinkError } from './uplink.ts'

/** The Uplink of one attempt: everything it waits for ends when `signal` fires, with the signal's reason. */
export function taskUplink(connection: Connection, signal: AbortSignal): Uplink {
  return {
    async json<T>(method: 'GET' | 'POST', path: string, body: unknown, schema: z.ZodType<T>): Promise<T> {
      return schema.parse(parseReply(await ask(connection, jsonCall(method, path, body, signal))))
    },
    download: (path, headers = {}) => download(connection, path, headers, signal),
    upload: (request, file, commit) => upload(connection, request, file, commit, signal),
  }
}

function jsonCall(method: 'GET' | 'POST', path: string, body: unknown, signal: AbortSignal): Call {
  const text = body === undefined ? undefined : JSON.stringify(body)
  return { method, path, signal, ...(text === undefined ? {} : { body: text, headers: jsonHeaders }) }
}

const jsonHeaders = { 'content-type': 'application/json' }

/** Repeats until the server decides. `accepted`: also an answer, beside 2xx. */
async function ask(connection: Connection, call: Call, accepted?: 'conflict'): Promise<Reply> {
  const backoff = new Backoff()
  const judge = new Judge(connection.faultPatienceMs)
  for (;;) {
    call.signal?.throwIfAborted()
    const reply = await connection.send(call).catch(() => undefined)
    call.signal?.throwIfAborted()
    const verdict = reply === undefined ? 'retry' : judge.verdict(reply.status)
    if (reply === undefined || verdict === 'retry') await backoff.pause(call.signal)
    else if (verdict === 'done' || verdict === accepted) return reply
    else throw refusal(reply)
  }
}

function refusal(reply: Reply): Error {
  if (verdictOf(reply.status) === 'gone') return new GoneError(messageOf(reply))
  return new UplinkError(reply.status, messageOf(reply))
}

async function* download(
  connection: Connection,
  path: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const backoff = new Backoff()
  const judge = new Judge(connection.faultPatienceMs)
  let received = 0
  for (;;) {
    signal.throwIfAborted()
    const range = received > 0 ? { range: `bytes=${received}-` } : {}
    let response: IncomingMessage | undefined
    try {
      response = await connection.open({ method: 'GET', path, headers: { ...headers, ...range }, signal })
      const verdict = judge.verdict(response.statusCode ?? 0)
      if (verdict === 'done') {
        // A server that does not know ranges starts again; what we have is skipped.
        let skip = response.statusCode === 206 ? 0 : received
        for await (const chunk of response as AsyncIterable<Buffer>) {
          const news = chunk.subarray(skip)
          skip -= chunk.length - news.length
          if (news.length === 0) continue
          received += news.length
          backoff.reset()
          yield news
        }
        return
      }
      if (verdict !== 'retry') throw refusal(await wholeReply(response))
      response.resume()
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof UplinkError || error instanceof GoneError) throw error
    } finally {
      response?.destroy()
    }
    await backoff.pause(signal)
  }
}

async function wholeReply(response: IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks) }
}

async function upload(
  connection: Connection,
  request: UploadRequest,
  path: string,
  { receipt, ...commit }: CommitFacts,
  signal: AbortSignal,
): Promise<UploadCommitAnswer> {
  // A file may grow while it is sent, as logs do: what it held at the beginning is what is stored.
  const size = receipt?.size ?? (await stat(path)).size
  const announced = await ask(connection, jsonCall('POST', '/uploads', request, signal))
  const { uploadId, offset, committed } = UploadAnswer.parse(parseReply(announced))
  const sent = new SentHash()
  if (!committed) {
    await using file = await open(path, 'r')
    await sendFile(connection, uploadId, file, { offset, size }, { sent, signal })
  }
  const sha256 = receipt?.sha256 ?? sent.digest(size) ?? (await hashOf(path, size, signal))
  const body: UploadCommit = { ...commit, size, sha256 }
  const answer = await ask(connection, jsonCall('POST', `/uploads/${uploadId}/commit`, body, signal))
  return UploadCommitAnswer.parse(parseReply(answer))
}

/** SHA-256 of the first `size` bytes. */
async function hashOf(path: string, size: number, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  if (size === 0) return hash.digest('hex')
  const options = { highWaterMark: 1024 * 1024, end: size - 1, signal }
  for await (const chunk of createReadStream(path, options) as AsyncIterable<Buffer>) hash.update(chunk)
  return hash.digest('hex')
}

/** Hashes what is sent, on its way. It knows nothing when the server wanted bytes again or had some already. */
class SentHash {
  private readonly hash = createHash('sha256')
  private next = 0
  private gapless = true

  add(offset: number, bytes: Buffer): void {
    if (offset !== this.next) this.gapless = false
    if (!this.gapless) return
    this.hash.update(bytes)
    this.next += bytes.length
  }

  digest(size: number): string | undefined {
    return this.gapless && this.next === size ? this.hash.digest('hex') : undefined
  }
}

async function sendFile(
  connection: Connection,
  uploadId: string,
  file: FileHandle,
  range: { offset: number; size: number },
  { sent, signal }: { sent: SentHash; signal: AbortSignal },
): Promise<void> {
  for (let offset = range.offset; offset < range.size; ) {
    const body = await readFully(file, offset, Math.min(maxChunkBytes, range.size - offset))
    sent.add(offset, body)
    const call: Call = {
      method: 'PUT',
      path: `/uploads/${uploadId}?offset=${offset}`,
      headers: { 'content-type': 'application/octet-stream' },
      body,
      signal,
    }
    offset = UploadAck.parse(parseReply(await ask(connection, call, 'conflict'))).offset
  }
}
