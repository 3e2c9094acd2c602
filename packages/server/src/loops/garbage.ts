import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '@orrery/engine'
import type { BlobStore } from '../blobs/blob-store.ts'
import type { UploadStore } from '../blobs/upload-store.ts'

const periodMs = 60 * 60 * 1000

export interface GarbageParts {
  engine: Engine
  blobs: BlobStore
  uploads: UploadStore
}

/**
 * Removes what is past its retention, once an hour until the signal fires, for the first time an hour after the start.
 * Rows first, then the bytes that no row names any more; a server that dies in between leaves only work for the next
 * round. Servers that share a database may all do it.
 */
export async function collectGarbage(
  parts: GarbageParts,
  signal: AbortSignal,
  onError: (error: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(periodMs, undefined, { signal, ref: false }).catch(() => undefined)
    if (signal.aborted) return
    await collectOnce(parts).catch(onError)
  }
}

/** One round. */
export async function collectOnce({ engine, blobs, uploads }: GarbageParts): Promise<void> {
  await engine.removeExpired()
  await uploads.sweep((ids) => engine.openUploads(ids))
  await blobs.sweep((keys) => engine.namedBlobs(keys))
}
