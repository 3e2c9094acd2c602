import type { LogReceipt } from '@orrery/protocol'
import type { Masker } from '@orrery/protocol/masking'
import type { LogFile } from '../spool/log-file.ts'
import { LogTail } from './log-tail.ts'
import { LongLines } from './long-lines.ts'

/** Silence after which held bytes leave although they may be the beginning of a secret (spec: execution.md 18.2), ms. */
const longestHoldMs = 5_000
/** Longest line that is stored in one piece, bytes (18.1). */
const longestLine = 64 * 1024
/** The last fifth of a log's room is kept for the end of an output that is too long. */
const tailShare = 5
/** Room for both notices. */
const noticeBytes = 300

/**
 * The log of one attempt: masks, breaks endless lines, keeps to the limit, and hands on to the spool. An output that is
 * too long never fails a step (spec: execution.md 18.1): its beginning is stored as it comes, and when the step ends,
 * its last lines behind a notice.
 */
export class StepLog {
  readonly #file: LogFile
  readonly #masker: Masker
  readonly #lines = new LongLines(longestLine)
  readonly #limit: number
  readonly #tail: LogTail
  /** Bytes that still fit before the tail. */
  #room: number
  #cut = false
  #holdTimer: NodeJS.Timeout | undefined

  /** `limitBytes`: most bytes that are stored, the notices about the cut included. */
  constructor(file: LogFile, masker: Masker, limitBytes: number) {
    this.#file = file
    this.#masker = masker
    this.#limit = limitBytes
    const share = Math.max(1, Math.floor(limitBytes / tailShare))
    this.#tail = new LogTail(share)
    this.#room = Math.max(0, limitBytes - share - noticeBytes)
  }

  write(text: string): void {
    this.push(Buffer.from(text))
  }

  /** The bytes may be used again at once. False asks for a pause until `onDrain`. */
  push(bytes: Buffer): boolean {
    const more = this.#append(this.#masker.push(bytes))
    if (this.#masker.held) this.#flushAfterSilence()
    return more
  }

  onDrain(resume: () => void): void {
    this.#file.onDrain = resume
  }

  async end(): Promise<LogReceipt> {
    clearTimeout(this.#holdTimer)
    this.#append(this.#masker.flush())
    if (this.#cut) this.#appendTail()
    return await this.#file.end()
  }

  #append(bytes: Buffer): boolean {
    return this.#lines.push(bytes, (part) => this.#store(part))
  }

  #store(bytes: Buffer): boolean {
    if (!this.#cut && bytes.length <= this.#room) {
      this.#room -= bytes.length
      return this.#file.append(bytes)
    }
    if (!this.#cut) {
      this.#cut = true
      this.#file.append(bytes.subarray(0, this.#room))
      this.#file.append(
        Buffer.from(`\n[The output is longer than ${this.#limit} bytes. Its last lines follow when the step ends.]\n`),
      )
      bytes = bytes.subarray(this.#room)
    }
    this.#tail.push(bytes)
    return true
  }

  #appendTail(): void {
    const { dropped, bytes } = this.#tail.take()
    if (dropped > 0) this.#file.append(Buffer.from(`[${dropped} bytes are not kept.]\n`))
    this.#file.append(bytes)
  }

  #flushAfterSilence(): void {
    if (this.#holdTimer === undefined) {
      this.#holdTimer = setTimeout(() => this.#append(this.#masker.flush()), longestHoldMs)
    } else this.#holdTimer.refresh()
  }
}
