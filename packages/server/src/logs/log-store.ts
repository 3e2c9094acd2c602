import { chmod, type FileHandle, open, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { type LogReceipt, maxChunkBytes, OrreryError } from '@orrery/protocol'
import { makeDirectory, syncDirectory } from '../blobs/durable.ts'
import { type AppendResult, TailFile } from '../blobs/tail-file.ts'
import { Digest } from './digest.ts'
import { LogHub } from './log-hub.ts'

/** One log: the output of one attempt of one step. */
export interface LogName {
  taskId: string
  step: number
  attempt: number
}

interface OpenLog {
  file: TailFile
  digest: Digest
}

/** Logs whose running digest is kept in memory; a forgotten one is read again from disk when its receipt comes. */
const openLogs = 512
const sealedMode = 0o400

/**
 * Logs as files `<root>/<taskId>/<step>-<attempt>.log`. A log grows until its receipt was found right; then it is
 * sealed (its file mode says so, which survives a restart) and later bytes are refused.
 */
export class LogStore {
  readonly #hub = new LogHub()
  readonly #root: string
  readonly #maxBytes: number
  readonly #open = new Map<string, OpenLog>()

  constructor(root: string, maxBytes: number) {
    this.#root = root
    this.#maxBytes = maxBytes
  }

  /** Answers when the bytes are durable. ORY_BAD_REQUEST for new bytes behind a sealed end. */
  async append(name: LogName, offset: number, bytes: AsyncIterable<Uint8Array>): Promise<AppendResult> {
    const path = this.#path(name)
    const sealed = await this.#sealedSize(path)
    if (sealed !== null) return repeatOnly(offset, bytes, sealed)
    const log = this.#log(path)
    return log.file.append(offset, bytes, {
      maxRequestBytes: maxChunkBytes,
      maxFileBytes: this.#maxBytes,
      onWrite: (written, at) => {
        log.digest.add(written, at)
        this.#hub.wake(path)
      },
    })
  }

  /**
   * Stores and seals a whole log that came together with its receipt. ORY_RECEIPT when they do not agree; what was
   * stored before decides as in `verify`.
   */
  async store(name: LogName, bytes: Buffer, receipt: LogReceipt): Promise<void> {
    const path = this.#path(name)
    const digest = new Digest()
    digest.add(bytes, 0)
    if (!agree(await digest.receipt(path, bytes.length), receipt)) throw new OrreryError('ORY_RECEIPT', [name.step])
    if (bytes.length > this.#maxBytes) throw new OrreryError('ORY_TOO_LARGE', ['the file', `${this.#maxBytes} bytes`])
    if (await makeSealed(path, bytes, () => this.#hub.wake(path))) return
    // A request that nobody knows the answer of has begun it.
    await this.append(name, 0, once(bytes))
    await this.verify(name, receipt)
  }

  /**
   * Holds the stored log against the agent's receipt, and seals it when they agree. ORY_RECEIPT when they do not: too
   * few bytes are kept (the sender goes on from there), wrong ones are dropped (it starts again from 0).
   */
  async verify(name: LogName, receipt: LogReceipt): Promise<void> {
    const path = this.#path(name)
    const size = await this.size(name)
    if (size < receipt.bytes) throw new OrreryError('ORY_RECEIPT', [name.step])
    if (size === 0 && receipt.bytes === 0) return
    const log = this.#log(path)
    const isSealed = (await this.#sealedSize(path)) !== null
    const stored = await log.digest.receipt(path, size)
    if (!agree(stored, receipt)) {
      if (!isSealed) {
        await log.file.clear()
        log.digest.reset()
      }
      throw new OrreryError('ORY_RECEIPT', [name.step])
    }
    // A sealed log is on disk already; opening it for writing is refused to everybody but root.
    if (!isSealed) {
      await log.file.sync()
      await chmod(path, sealedMode)
    }
    this.#open.delete(path)
  }

  /** Removes what an earlier claim of the task logged: no step of it had started, and the next claim begins at 0. */
  async forget(taskId: string): Promise<void> {
    const folder = join(this.#root, taskId)
    for (const path of this.#open.keys()) if (path.startsWith(`${folder}/`)) this.#open.delete(path)
    await rm(folder, { recursive: true, force: true })
  }

  /** Bytes stored, durable or not; 0 for a log that does not exist. */
  async size(name: LogName): Promise<number> {
    return (await this.#stat(this.#path(name)))?.size ?? 0
  }

  /** At most `length` bytes from `offset`; shorter at the end, empty past it. */
  async read(name: LogName, offset: number, length: number): Promise<Buffer> {
    let file: Awaited<ReturnType<typeof open>>
    try {
      file = await open(this.#path(name), 'r')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
      throw error
    }
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  }

  /** The whole log as it is now; null when it does not exist. */
  async stream(name: LogName): Promise<{ bytes: Readable; size: number } | null> {
    const size = await this.size(name)
    if (size === 0) return null
    const file = await open(this.#path(name), 'r')
    return { bytes: file.createReadStream({ end: size - 1 }), size }
  }

  /** Calls `listener` after each write on this server. Returns the way out. */
  listen(name: LogName, listener: () => void): () => void {
    return this.#hub.listen(this.#path(name), listener)
  }

  #log(path: string): OpenLog {
    const log = this.#open.get(path) ?? { file: new TailFile(path), digest: new Digest() }
    this.#open.delete(path)
    this.#open.set(path, log)
    if (this.#open.size > openLogs) this.#open.delete(this.#open.keys().next().value as string)
    return log
  }

  async #sealedSize(path: string): Promise<number | null> {
    const found = await this.#stat(path)
    return found && (found.mode & 0o777) === sealedMode ? found.size : null
  }

  async #stat(path: string): Promise<{ size: number; mode: number } | null> {
    try {
      return await stat(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }

  #path({ taskId, step, attempt }: LogName): string {
    return join(this.#root, taskId, `${step}-${attempt}.log`)
  }
}

function agree(one: LogReceipt, other: LogReceipt): boolean {
  return one.bytes === other.bytes && one.lines === other.lines && one.sha256 === other.sha256
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** False when there is such a file already. `written` is called before the bytes are durable. */
async function makeSealed(path: string, bytes: Buffer, written: () => void): Promise<boolean> {
  await using file = await create(path)
  if (file === undefined) return false
  await file.writeFile(bytes)
  written()
  await Promise.all([file.datasync(), syncDirectory(dirname(path))])
  await file.chmod(sealedMode)
  return true
}

async function create(path: string): Promise<FileHandle | undefined> {
  for (;;) {
    try {
      return await open(path, 'wx', 0o600)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EEXIST') return undefined
      if (code !== 'ENOENT') throw error
      await makeDirectory(dirname(path))
    }
  }
}

/** A sealed log acknowledges what it has and takes nothing new. */
async function repeatOnly(offset: number, bytes: AsyncIterable<Uint8Array>, size: number): Promise<AppendResult> {
  let position = offset
  for await (const chunk of bytes) position += chunk.length
  if (position > size) throw new OrreryError('ORY_BAD_REQUEST', ['the log has ended'])
  return { size, gap: false }
}
