import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { ArchiveStore } from './archive-store.ts'

/** Asks the server as the job's request would, but with these headers instead of its own. */
export type AskServer = (headers: IncomingHttpHeaders) => Promise<IncomingMessage>

const archivePath = /^\/(?:caches|workspace\/layers)\/[0-9a-f-]{36}$/

/** A request for the bytes of an archive, which may be here already. */
export function asksForArchive({ method, url }: IncomingMessage): boolean {
  return method === 'GET' && archivePath.test(url ?? '')
}

/**
 * Answers from the store when the archive is there. The server is asked for one byte first, with the task's own token:
 * it decides whether the task may read this archive at all (a fork's build never gets one of the project's own), and its
 * answer names what the archive is. False: nothing was answered, the request goes to the server.
 */
export async function serveFromStore(
  store: ArchiveStore,
  ask: AskServer,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<boolean> {
  const probe = await ask({ range: 'bytes=0-0' })
  probe.resume()
  const sha256 = probe.statusCode === 206 ? hashOf(probe) : undefined
  const found = sha256 === undefined ? undefined : await store.find(sha256)
  if (sha256 === undefined || found === undefined) return false
  await using file = found.file
  const start = startOf(incoming.headers.range, found.size)
  if (start === undefined) return false
  outgoing.writeHead(start === 0 ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': found.size - start,
    etag: `"${sha256}"`,
    ...(start === 0 ? {} : { 'content-range': `bytes ${start}-${found.size - 1}/${found.size}` }),
  })
  await pipeline(
    read(file, start, found.size, sha256, () => store.remove(sha256)),
    outgoing,
  )
  return true
}

/** The body of the server's answer, kept in the store on its way when it is a whole archive. */
export async function* keeping(store: ArchiveStore, reply: IncomingMessage): AsyncGenerator<Buffer> {
  const size = Number(reply.headers['content-length'] ?? Number.NaN)
  const sha256 = reply.statusCode === 200 && Number.isSafeInteger(size) ? hashOf(reply) : undefined
  const arrival = sha256 === undefined ? undefined : await store.receive(sha256, size)
  try {
    let last: Buffer | undefined
    for await (const chunk of reply as AsyncIterable<Buffer>) {
      await arrival?.add(chunk)
      if (last !== undefined) yield last
      last = chunk
    }
    // Who has the last byte may ask again at once, and then the archive is here.
    await arrival?.end()
    if (last !== undefined) yield last
  } finally {
    await arrival?.end()
  }
}

/** The server's tag of a blob is its SHA-256. */
function hashOf(reply: IncomingMessage): string | undefined {
  return /^"([0-9a-f]{64})"$/.exec(reply.headers.etag ?? '')?.[1]
}

/** Where to begin; undefined for a range that agents do not ask for. */
function startOf(range: string | undefined, size: number): number | undefined {
  if (range === undefined) return 0
  const start = Number(/^bytes=(\d{1,15})-$/.exec(range)?.[1] ?? Number.NaN)
  return start < size ? start : undefined
}

const blockBytes = 256 * 1024

/** Calls `wrong` when the whole file was read and is not what its name says: the job finds out, the next one must not. */
async function* read(
  file: FileHandle,
  start: number,
  size: number,
  sha256: string,
  wrong: () => Promise<void>,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  for (let at = start; at < size; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(blockBytes), 0, blockBytes, at)
    if (bytesRead === 0) throw new Error('the archive is shorter than it was')
    const bytes = buffer.subarray(0, Math.min(bytesRead, size - at))
    at += bytes.length
    hash.update(bytes)
    if (start === 0 && at === size && hash.digest('hex') !== sha256) await wrong()
    yield bytes
  }
}
