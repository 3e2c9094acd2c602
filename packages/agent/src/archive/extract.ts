import { closeSync, createReadStream, writeSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { setImmediate as rest } from 'node:timers/promises'
import { ArchiveError } from './archive-error.ts'
import { ByteReader } from './byte-reader.ts'
import { decompressFrames } from './frames.ts'
import { codeOf, reasonOf } from './reason.ts'
import { SafeTree } from './safe-tree.ts'
import { blockSize, decodeHeader, decodePax, padded, type TarEntry } from './tar-format.ts'

/** Bounds against bombs. A limit of content is a ratio too: a place's disk is filled by large caches as well. */
export type ExtractLimits = {
  entries: number
  /** Bytes of the unpacked tar. */
  bytes: number
  /** Unpacked bytes for each packed one, looked at once more than `ratioAfterBytes` are unpacked. */
  ratio: number
  ratioAfterBytes: number
}

/**
 * Generous: disk images full of zeros are cached, and `createArchive` packs those 26,000 to 1. More than that no archive of
 * ours holds.
 */
export const defaultLimits: ExtractLimits = {
  entries: 5_000_000,
  bytes: 2 ** 40,
  ratio: 30_000,
  ratioAfterBytes: 2 ** 30,
}

export type ExtractOptions = {
  /** Existing absolute directory. */
  into: string
  /** Names (relative to `into`) at or below which every entry must lie; `['']` = anywhere in it. */
  roots: readonly string[]
  limits?: ExtractLimits
  signal?: AbortSignal
}

export type ExtractSummary = {
  entries: number
  contentBytes: number
  /** Entries that could not be written, at most 100 of them; `failed` counts all. */
  failures: { path: string; reason: string }[]
  failed: number
}

const sliceMs = 10
const keptFailures = 100
/** Errors that every further entry would meet too. */
const fatalCodes = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE'])

/**
 * Unpacks an archive file of `createArchive`. Existing files are replaced, others stay. An entry that cannot be
 * written (no permission, a filled directory in its place) is noted and the others continue, as `tar` does.
 * @throws ArchiveError when the archive is damaged, leaves its roots, writes through a link, or passes a limit; what
 * was unpacked before stays.
 */
export async function extractArchive(file: string, options: ExtractOptions): Promise<ExtractSummary> {
  const { size } = await stat(file)
  const source = createReadStream(file, { highWaterMark: 1024 * 1024 })
  const reader = new ByteReader(decompressFrames(source))
  try {
    return await new Extraction(reader, options, size).run()
  } finally {
    await reader.close()
    source.destroy()
  }
}

class Extraction {
  private readonly reader: ByteReader
  private readonly tree: SafeTree
  private readonly limits: ExtractLimits
  private readonly signal: AbortSignal | undefined
  private readonly packedBytes: number
  private readonly summary: ExtractSummary = { entries: 0, contentBytes: 0, failures: [], failed: 0 }
  private unpackedBytes = 0
  private sliceEnd = performance.now() + sliceMs

  constructor(reader: ByteReader, options: ExtractOptions, packedBytes: number) {
    this.reader = reader
    this.tree = new SafeTree(options.into, options.roots, process.getuid?.() === 0)
    this.limits = options.limits ?? defaultLimits
    this.signal = options.signal
    this.packedBytes = packedBytes
  }

  async run(): Promise<ExtractSummary> {
    let long: { name?: string; link?: string } = {}
    for (;;) {
      const header = decodeHeader(await this.reader.take(blockSize))
      if (header.kind === 'end') break
      if (header.kind === 'pax') {
        const records = await this.reader.take(padded(header.size))
        long = decodePax(records.subarray(0, header.size))
        this.unpackedBytes += blockSize + records.length
        continue
      }
      await this.unpack({ ...header.entry, ...long })
      long = {}
      if (performance.now() >= this.sliceEnd) await this.rest()
    }
    this.tree.finish((entry, error) => this.fail(entry, error))
    return this.summary
  }

  private async unpack(entry: TarEntry): Promise<void> {
    const { type } = entry
    if (type === 'directory' && entry.name.endsWith('/')) entry.name = entry.name.slice(0, -1)
    this.count(entry)
    this.tree.check(entry.name)
    if (type === 'file') await this.file(entry)
    else this.attempt(entry, () => this.tree[type](entry))
  }

  private async file(entry: TarEntry): Promise<void> {
    let fd = this.attempt(entry, () => this.tree.openFile(entry))
    try {
      for (let left = entry.size; left > 0; ) {
        const piece = await this.reader.takeSome(left)
        left -= piece.length
        const target = fd
        if (target !== undefined && !this.attempt(entry, () => writeAll(target, piece))) {
          fd = undefined
          closeSync(target)
        }
      }
      await this.reader.take(padded(entry.size) - entry.size)
    } catch (error) {
      if (fd !== undefined) closeSync(fd)
      throw error
    }
    const target = fd
    if (target === undefined) return
    this.attempt(entry, () => this.tree.closeFile(target, entry))
    this.summary.contentBytes += entry.size
  }

  private count(entry: TarEntry): void {
    const { limits, summary } = this
    summary.entries++
    this.unpackedBytes += blockSize + padded(entry.size)
    if (summary.entries > limits.entries) {
      throw new ArchiveError('too_large', `the archive holds more than ${limits.entries} entries`)
    }
    if (this.unpackedBytes > limits.bytes) {
      throw new ArchiveError('too_large', `the archive unpacks to more than ${limits.bytes} bytes`)
    }
    if (this.unpackedBytes > limits.ratioAfterBytes && this.unpackedBytes > this.packedBytes * limits.ratio) {
      throw new ArchiveError('too_large', `the archive unpacks to more than ${limits.ratio} times its size`)
    }
  }

  /** Runs one system call's worth of work; notes its failure unless nothing after it could succeed either. */
  private attempt<T>(entry: TarEntry, work: () => T): T | undefined {
    try {
      return work()
    } catch (error) {
      if (error instanceof ArchiveError || fatalCodes.has(codeOf(error) ?? '')) throw error
      this.fail(entry, error)
      return undefined
    }
  }

  private fail(entry: TarEntry, error: unknown): void {
    this.summary.failed++
    if (this.summary.failures.length < keptFailures) {
      this.summary.failures.push({ path: this.tree.path(entry.name), reason: reasonOf(error) })
    }
  }

  private async rest(): Promise<void> {
    await rest()
    this.signal?.throwIfAborted()
    this.sliceEnd = performance.now() + sliceMs
  }
}

function writeAll(fd: number, bytes: Buffer): true {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
  return true
}
