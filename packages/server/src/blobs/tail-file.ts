import { constants } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { OrreryError } from '@orrery/protocol'
import { syncDirectory } from './durable.ts'
import { SyncGroup } from './sync-group.ts'

/** What became of one request's bytes: `gap` when bytes before them are missing. `size` is durable in both cases. */
export interface AppendResult {
  size: number
  gap: boolean
}

export interface AppendOptions {
  /** Most bytes of one request; ORY_TOO_LARGE beyond. */
  maxRequestBytes: number
  /** Most bytes of the whole file; ORY_TOO_LARGE beyond. */
  maxFileBytes?: number
  /** Told after each write what was added at which offset, before it is durable. */
  onWrite?: (bytes: Uint8Array, at: number) => void
}

/**
 * A file that only grows, written by a sender who repeats itself: bytes come with an offset, the part that is stored
 * already is skipped, and nothing is written behind a gap. Requests for the same file may overlap in time (a sender
 * whose connection hangs tries again); each chunk is one turn, so a dead request never blocks a living one.
 *
 * Writes go to an explicit position. Two servers that share the directory would therefore write the same bytes to the
 * same place, which is harmless.
 */
export class TailFile {
  readonly #path: string
  readonly #syncs = new SyncGroup()
  #turn: Promise<unknown> = Promise.resolve()
  /** The file's own name is durable. Until this process has seen to it, it may not be. */
  #isNamed = false
  /** The topmost directory that was made for it. */
  #newDirectory: string | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** Stores `bytes` from `offset` on. Answers once everything up to `size` is durable. */
  async append(offset: number, bytes: AsyncIterable<Uint8Array>, options: AppendOptions): Promise<AppendResult> {
    await using file = await this.#open()
    let position = offset
    for await (const batch of gathered(bytes)) {
      if (position - offset + batch.size > options.maxRequestBytes) {
        throw new OrreryError('ORY_TOO_LARGE', ['the request body', `${options.maxRequestBytes} bytes`])
      }
      if (position + batch.size > (options.maxFileBytes ?? Number.POSITIVE_INFINITY)) {
        throw new OrreryError('ORY_TOO_LARGE', ['the file', `${options.maxFileBytes} bytes`])
      }
      if (!(await this.#inTurn(() => writeAt(file, position, batch, options.onWrite)))) {
        return { size: await this.#durableSize(file), gap: true }
      }
      position += batch.size
    }
    const size = await this.#durableSize(file)
    return { size, gap: size < offset }
  }

  /** Answers when everything written so far is durable. */
  async sync(): Promise<void> {
    await using file = await this.#open()
    await this.#durableSize(file)
  }

  /** Forgets all bytes, so that the sender can start again from 0. */
  async clear(): Promise<void> {
    await using file = await this.#open()
    await this.#inTurn(() => file.truncate(0))
    await file.datasync()
  }

  async #durableSize(file: FileHandle): Promise<number> {
    const { size } = await file.stat()
    await Promise.all([this.#syncs.sync(() => file.datasync()), this.#syncName()])
    return size
  }

  /** Beside the bytes and behind their write: readers shall not wait for the disk. */
  async #syncName(): Promise<void> {
    if (this.#isNamed) return
    const above = this.#newDirectory === undefined ? [] : [dirname(this.#newDirectory)]
    await Promise.all([dirname(this.#path), ...above].map(syncDirectory))
    this.#isNamed = true
  }

  async #open(): Promise<FileHandle> {
    // `a+` cannot write at a position and `w` would empty a file that a second request just made.
    const flags = constants.O_RDWR | constants.O_CREAT
    try {
      return await open(this.#path, flags, 0o600)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    const first = await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    if (first !== undefined) this.#newDirectory = first
    return open(this.#path, flags, 0o600)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work)
    this.#turn = mine.catch(() => undefined)
    return mine
  }
}

/** Bytes of one write. A socket gives 64 KiB at most, and each write costs three trips to the disk's threads. */
const writeBytes = 512 * 1024

/** Pieces that are written together. */
interface Batch {
  parts: Uint8Array[]
  size: number
}

/** The same bytes in batches, uncopied. What a request had sent before it broke comes too, then its error. */
async function* gathered(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Batch> {
  let batch: Batch = { parts: [], size: 0 }
  let broken: unknown
  try {
    for await (const part of bytes) {
      batch.parts.push(part)
      batch.size += part.length
      if (batch.size < writeBytes) continue
      yield batch
      batch = { parts: [], size: 0 }
    }
  } catch (error) {
    broken = error
  }
  if (batch.size > 0) yield batch
  if (broken !== undefined) throw broken
}

/** The pieces without their first `count` bytes. */
function without(parts: readonly Uint8Array[], count: number): Uint8Array[] {
  let left = count
  return parts.flatMap((part) => {
    const rest = part.subarray(left)
    left -= part.length - rest.length
    return rest.length === 0 ? [] : [rest]
  })
}

async function writeAt(
  file: FileHandle,
  position: number,
  { parts }: Batch,
  onWrite: AppendOptions['onWrite'],
): Promise<boolean> {
  const { size } = await file.stat()
  if (position > size) return false
  const fresh = without(parts, size - position)
  let at = size
  for (let rest = fresh; rest.length > 0; ) {
    const { bytesWritten } = await file.writev(rest, at)
    at += bytesWritten
    rest = without(rest, bytesWritten)
  }
  let told = size
  for (const part of fresh) {
    onWrite?.(part, told)
    told += part.length
  }
  return true
}
