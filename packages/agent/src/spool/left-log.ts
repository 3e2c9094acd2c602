import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { LogReceipt } from '@orrery/protocol'
import { countLines } from './count-lines.ts'
import type { SpooledLog } from './log-file.ts'
import { readFully } from './read-fully.ts'

/** A log that a dead agent left: complete as it is. The file may be anything, jobs can write to the spool. */
export class LeftLog implements SpooledLog {
  readonly step: number
  readonly attempt: number
  readonly written: number
  readonly ended = true
  onChange = (): void => undefined
  readonly #file: FileHandle | undefined

  private constructor(step: number, attempt: number, size: number, file?: FileHandle) {
    this.step = step
    this.attempt = attempt
    this.written = size
    this.#file = file
  }

  /** `size`: how much of the file counts; absent = all of it. A missing file is an empty log. */
  static async open(path: string, step: number, attempt: number, size?: number): Promise<LeftLog> {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
    let file: FileHandle
    try {
      file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new LeftLog(step, attempt, 0)
      throw error
    }
    const stat = await file.stat()
    if (stat.isFile()) return new LeftLog(step, attempt, size ?? stat.size, file)
    await file.close()
    throw new Error(`${path} is not a log`)
  }

  async read(offset: number, length: number, block?: Buffer): Promise<Buffer> {
    if (this.#file === undefined) return Buffer.alloc(0)
    return await readFully(this.#file, offset, Math.min(length, this.written - offset), block)
  }

  async receipt(): Promise<LogReceipt> {
    const hash = createHash('sha256')
    let lines = 0
    for (let offset = 0; offset < this.written; ) {
      const bytes = await this.read(offset, 1024 * 1024)
      hash.update(bytes)
      lines += countLines(bytes)
      offset += bytes.length
    }
    return { bytes: this.written, lines, sha256: hash.digest('hex') }
  }

  async close(): Promise<void> {
    await this.#file?.close()
  }
}
