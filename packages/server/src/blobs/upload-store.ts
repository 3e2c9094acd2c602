import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { maxChunkBytes, OrreryError } from '@orrery/protocol'
import type { BlobStore } from './blob-store.ts'
import { type AppendResult, TailFile } from './tail-file.ts'

const uuidShape = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * Bytes on their way to becoming a blob: `<root>/<uploadId>`, resumable at an offset. Ids come from the engine, which
 * knows whose upload it is.
 */
export class UploadStore {
  readonly #root: string
  readonly #blobs: BlobStore
  /** Uploads with a request in progress, so that overlapping requests take turns on one file. */
  readonly #busy = new Map<string, { file: TailFile; users: number }>()

  constructor(root: string, blobs: BlobStore) {
    this.#root = root
    this.#blobs = blobs
  }

  /** Bytes stored: the sender goes on from here. */
  async size(uploadId: string): Promise<number> {
    try {
      return (await stat(this.#path(uploadId))).size
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
      throw error
    }
  }

  async append(
    uploadId: string,
    offset: number,
    bytes: AsyncIterable<Uint8Array>,
    maxFileBytes: number,
  ): Promise<AppendResult> {
    const busy = this.#busy.get(uploadId) ?? { file: new TailFile(this.#path(uploadId)), users: 0 }
    this.#busy.set(uploadId, busy)
    busy.users += 1
    try {
      return await busy.file.append(offset, bytes, { maxRequestBytes: maxChunkBytes, maxFileBytes })
    } finally {
      busy.users -= 1
      if (busy.users === 0) this.#busy.delete(uploadId)
    }
  }

  /**
   * Turns the upload into a blob after checking size and hash; answers the blob's key. The uploaded file stays until
   * `discard`, so that a repetition after a crash proves the bytes again: naming a hash must never be enough to get at a
   * blob. ORY_CONFLICT when the bytes are not as announced; then wrong bytes are dropped and the sender starts from 0.
   */
  async finish(uploadId: string, expected: { size: number; sha256: string }): Promise<string> {
    const path = this.#path(uploadId)
    const size = await this.size(uploadId)
    if (size < expected.size)
      throw new OrreryError('ORY_CONFLICT', [`the upload has ${size} bytes of ${expected.size}`])
    const file = new TailFile(path)
    await file.sync()
    if (size > expected.size || (await sha256Of(path)) !== expected.sha256) {
      await file.clear()
      throw new OrreryError('ORY_CONFLICT', ['the upload does not match its hash; send it again from offset 0'])
    }
    return this.#blobs.adopt(path, expected.sha256)
  }

  /** Once more, after the commit that names the blob: a sweep that did not know the name yet may have taken it away. */
  async secure(uploadId: string, sha256: string): Promise<void> {
    await this.#blobs.adopt(this.#path(uploadId), sha256)
  }

  /** Removes the bytes of uploads that nobody will go on with; `open` picks those that somebody may. */
  async sweep(open: (ids: string[]) => Promise<ReadonlySet<string>>): Promise<number> {
    const ids = await readdir(this.#root).catch(() => [])
    const kept = await open(ids.filter((id) => uuidShape.test(id)))
    const gone = ids.filter((id) => uuidShape.test(id) && !kept.has(id) && !this.#busy.has(id))
    for (const id of gone) await this.discard(id)
    return gone.length
  }

  /** Removes the uploaded file; call it once the upload is committed. */
  async discard(uploadId: string): Promise<void> {
    await rm(this.#path(uploadId), { force: true })
  }

  #path(uploadId: string): string {
    return join(this.#root, uploadId)
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
