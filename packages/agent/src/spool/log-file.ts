import { createHash } from 'node:crypto'
import { close, constants, openSync, read, readSync, write, writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { LogReceipt } from '@orrery/protocol'
import { countLines } from './count-lines.ts'
import { GatherBuffer } from './gather-buffer.ts'
import { FileShrankError, type Readable, readFully } from './read-fully.ts'

/** What the log loop sends from: bytes `0…written` are on disk and never change. */
export interface SpooledLog {
  readonly step: number
  readonly attempt: number
  readonly written: number
  /** Set once nothing will be added. */
  readonly ended: boolean
  /** Called after `written` or `ended` changed. */
  onChange: () => void
  /** At most `length` bytes from `offset`, less only at `written`. They may lie in `block`, if that is large enough. */
  read(offset: number, length: number, block?: Buffer): Promise<Buffer>
  close(): Promise<void>
}

const writeLater = promisify(write)
const readLater = promisify(read)
const closeLater = promisify(close)

/**
 * Up to so many bytes go to and from the file at once: the page cache takes them sooner than a thread of the pool
 * would have begun, and most steps print little. The list of a job's variables, which every job begins with, fits too.
 */
const fewBytes = 8192
/** Bytes that may wait for the disk before the writer is asked to pause. */
const highWater = 1024 * 1024
/** A disk that takes nothing (it is full) is asked again after this time, ms. */
const retryMs = 250
/** So long the writer waits for such a disk, ms. Then output is dropped and counted: a job shall not hang on its log. */
const defaultPatienceMs = 10_000

/**
 * The log of one attempt on its way to disk. While one write is under way all further bytes gather for the next, so
 * the file sees few large writes, and the first bytes leave at once. What comes in is already masked and cut.
 */
export class LogFile implements SpooledLog {
  readonly step: number
  readonly attempt: number
  onChange = (): void => undefined
  /** Called when a writer that was asked to pause may go on. */
  onDrain = (): void => undefined
  readonly #fd: number | undefined
  readonly #hash = createHash('sha256')
  readonly #gathered = new GatherBuffer()
  readonly #patienceMs: number
  #lines = 0
  #written = 0
  #ended = false
  #ending = false
  /** Bytes that the disk did not take in time, since the last notice about such. */
  #dropped = 0
  #lost = 0
  #pumping: Promise<void> | undefined
  #full = false
  #error: unknown

  constructor(path: string, step: number, attempt: number, patienceMs = defaultPatienceMs) {
    this.#patienceMs = patienceMs
    this.step = step
    this.attempt = attempt
    const { O_RDWR, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants
    try {
      this.#fd = openSync(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600)
    } catch (error) {
      this.#error = error
    }
  }

  get written(): number {
    return this.#written
  }

  get ended(): boolean {
    return this.#ended
  }

  /** The bytes may be used again at once. False asks the writer to pause until `onDrain`. */
  append(bytes: Buffer): boolean {
    if (this.#fd !== undefined && this.#error === undefined) {
      const rest = bytes.subarray(this.#writeNow(this.#fd, bytes))
      if (rest.length > 0) {
        this.#gathered.add(rest)
        this.#pumping ??= this.#pump(this.#fd)
      }
    }
    this.#full ||= this.#gathered.length > highWater
    return !this.#full
  }

  /** Bytes that are in no file because the disk did not take them. */
  get lost(): number {
    return this.#lost
  }

  /** Waits for the disk, as long as its patience lasts. Throws when the file could not be made. */
  async end(): Promise<LogReceipt> {
    this.#ending = true
    await this.#pumping
    if (this.#error !== undefined) throw this.#error
    this.#ended = true
    this.onChange()
    return { bytes: this.#written, lines: this.#lines, sha256: this.#hash.digest('hex') }
  }

  async read(offset: number, length: number, block?: Buffer): Promise<Buffer> {
    if (this.#fd === undefined) throw this.#error
    const fd = this.#fd
    const wanted = Math.min(length, this.#written - offset)
    if (wanted <= fewBytes) {
      const buffer = Buffer.allocUnsafe(wanted)
      const bytesRead = readSync(fd, buffer, 0, wanted, offset)
      if (bytesRead < wanted) throw new FileShrankError()
      return buffer
    }
    const source: Readable = { read: (buffer, at, size, from) => readLater(fd, buffer, at, size, from) }
    return await readFully(source, offset, wanted, block)
  }

  async close(): Promise<void> {
    if (this.#fd !== undefined) await closeLater(this.#fd)
  }

  /** Answers how many bytes are in the file now. Many, or those behind others, take the long way. */
  #writeNow(fd: number, bytes: Buffer): number {
    if (bytes.length === 0 || bytes.length > fewBytes || this.#pumping !== undefined || this.#dropped > 0) return 0
    try {
      const length = writeSync(fd, bytes, 0, bytes.length, this.#written)
      this.#took(bytes.subarray(0, length))
      this.onChange()
      return length
    } catch {
      // The long way has patience with a disk that is full.
      return 0
    }
  }

  #took(bytes: Buffer): void {
    this.#hash.update(bytes)
    this.#lines += countLines(bytes)
    this.#written += bytes.length
  }

  async #pump(fd: number): Promise<void> {
    try {
      while (this.#gathered.length > 0) {
        if (this.#dropped > 0) await this.#tellDropped(fd)
        const bytes = this.#gathered.take()
        const left = this.#dropped > 0 ? bytes.length : await this.#write(fd, bytes)
        this.#dropped += left
        this.#lost += left
        this.onChange()
        this.#drained()
      }
    } catch (error) {
      this.#error ??= error
      this.#gathered.clear()
      this.#drained()
    } finally {
      this.#pumping = undefined
    }
  }

  /** Answers how many bytes the disk did not take. What it took counts, whatever happens to the rest. */
  async #write(fd: number, bytes: Buffer): Promise<number> {
    const deadline = performance.now() + this.#patienceMs
    for (let done = 0; done < bytes.length; ) {
      try {
        const { bytesWritten } = await writeLater(fd, bytes, done, bytes.length - done, this.#written)
        this.#took(bytes.subarray(done, done + bytesWritten))
        done += bytesWritten
      } catch {
        if (this.#dropped > 0 || performance.now() >= deadline) return bytes.length - done
        await delay(retryMs)
      }
    }
    return 0
  }

  /** One try: while the disk takes not even this, more is dropped. At the end nobody waits for the disk again. */
  async #tellDropped(fd: number): Promise<void> {
    const notice = Buffer.from(`\n[${this.#dropped} bytes are lost: the disk was full.]\n`)
    if ((await this.#write(fd, notice)) === 0) this.#dropped = 0
    else if (!this.#ending) await delay(retryMs)
  }

  #drained(): void {
    if (!this.#full) return
    this.#full = false
    this.onDrain()
  }
}
