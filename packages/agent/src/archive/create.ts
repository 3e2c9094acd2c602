import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { setImmediate as rest } from 'node:timers/promises'
import { compressFrames } from './frames.ts'
import { type ArchiveSource, type Skipped, TarWriter } from './tar-writer.ts'

export type ArchiveSummary = {
  /** Bytes of the archive file, and their SHA-256 in lower-case hex. */
  size: number
  sha256: string
  /** Files, directories and links in it. */
  entries: number
  /** Bytes of file content in it. */
  contentBytes: number
  /** Names of everything but directories, in archive order. */
  files: string[]
  skipped: Skipped[]
}

/** What an upload of the archive announces. */
export function receiptOf({ size, sha256 }: ArchiveSummary): { size: number; sha256: string } {
  return { size, sha256 }
}

/** Milliseconds of synchronous work before other work of the process gets its turn. */
const sliceMs = 10

/**
 * Writes tar+zstd of all sources to `target`, in constant memory but for the list of names. Sources must not contain
 * one another (`independentSources`). What cannot be read is skipped and named in the summary.
 *
 * @throws the file system's error when `target` cannot be written; the abort reason when `signal` fires.
 */
export async function createArchive(
  sources: readonly ArchiveSource[],
  target: string,
  signal?: AbortSignal,
): Promise<ArchiveSummary> {
  const writer = new TarWriter()
  const hash = createHash('sha256')
  let size = 0
  let written: Promise<void> = Promise.resolve()
  await using file = await open(target, 'w', 0o600)
  for await (const chunk of compressFrames(blocks(writer, sources, signal), (block) => writer.out.giveBack(block))) {
    hash.update(chunk)
    size += chunk.length
    // A write waits for a thread that compresses; files are read meanwhile.
    await written
    written = file.writeFile(chunk)
    written.catch(() => undefined)
  }
  await written
  const { entries, files, skipped, bytes: contentBytes } = writer
  return { size, sha256: hash.digest('hex'), entries, contentBytes, files, skipped }
}

async function* blocks(
  writer: TarWriter,
  sources: readonly ArchiveSource[],
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  let sliceEnd = performance.now() + sliceMs
  for (const source of sources) {
    for (const _ of writer.add(source)) {
      for (let block = writer.out.take(); block !== undefined; block = writer.out.take()) yield block
      if (performance.now() < sliceEnd) continue
      await rest()
      signal?.throwIfAborted()
      sliceEnd = performance.now() + sliceMs
    }
  }
  writer.end()
  for (let block = writer.out.take(); block !== undefined; block = writer.out.take()) yield block
}
