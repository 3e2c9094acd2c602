import { closeSync, constants, existsSync, openSync, readSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dlopen } from 'node:process'
import { ReadStream } from 'node:tty'
import { placePaths } from '@orrery/protocol'
import { z } from 'zod'

/** The part of the native module that is used: `open` makes a pair of file descriptors, `resize` takes the master's. */
interface NativePty {
  open(columns: number, rows: number): { master: number; slave: number; pty: string }
  resize(fd: number, columns: number, rows: number): void
}

const columns = 80
const rows = 24
const blockSize = 64 * 1024
/** A read that gives so much is one of many: the program writes faster than we read. */
const manyBytes = 2048

/**
 * A pseudo-terminal whose far side is given to a step as stdin, stdout and stderr. Nobody has it as *controlling*
 * terminal, and this side stays open and is read until the task ends: so a step's end hangs nobody up (spec:
 * execution.md 10.3, rules 3 and 6).
 */
export class Terminal {
  /** File descriptor for the child; close it with `release` after the start. */
  readonly childFd: number
  /** Under which a program may open the far side; undefined where the place has no /dev/pts of its own. */
  readonly path: string | undefined
  readonly #masterFd: number
  readonly #stream: ReadStream
  #onData: (bytes: Buffer) => void
  #released = false
  #closed = false

  private constructor(masterFd: number, child: FarSide, onData: (bytes: Buffer) => void) {
    this.childFd = child.fd
    this.path = child.path
    this.#masterFd = masterFd
    this.#onData = onData
    // One block for all reads: the default is a fresh block of 64 KiB for each 4 KiB that the kernel gives.
    const block = Buffer.allocUnsafe(blockSize)
    const callback = (length: number): boolean => {
      this.#onData(block.subarray(0, length + this.#readMore(block, length)))
      return true
    }
    this.#stream = new ReadStream(masterFd, { onread: { buffer: block, callback } })
    this.#stream.resume()
    // EIO is how a terminal says that the last process on the other side has gone.
    this.#stream.on('error', () => this.close())
    this.#stream.on('end', () => this.close())
  }

  /**
   * Fills the block behind the first `start` bytes with what is there by now, and answers how much that was. The kernel
   * hands out 4 KiB at a time, and a turn of the event loop for each takes longer than the copying.
   */
  #readMore(block: Buffer, start: number): number {
    if (start < manyBytes) return 0
    let end = start
    try {
      while (end < block.length) {
        const length = readSync(this.#masterFd, block, end, block.length - end, null)
        if (length === 0) break
        end += length
      }
    } catch {
      // EAGAIN: empty. EIO: the stream meets it too.
    }
    return end - start
  }

  /** Undefined where the system has no pseudo-terminals. The bytes `onData` gets are valid during the call only. */
  static open(onData: (bytes: Buffer) => void): Terminal | undefined {
    let pair: ReturnType<NativePty['open']>
    try {
      pair = loadNative().open(columns, rows)
    } catch {
      return undefined
    }
    const child = openBlocking(pair)
    closeSync(pair.slave)
    if (child === undefined) {
      closeSync(pair.master)
      return undefined
    }
    return new Terminal(pair.master, child, onData)
  }

  /** The child has its own copies now; ours would keep the terminal open for ever. */
  release(): void {
    if (this.#released) return
    this.#released = true
    closeSync(this.childFd)
  }

  pause(): void {
    if (!this.#closed) this.#stream.pause()
  }

  resume(): void {
    if (!this.#closed) this.#stream.resume()
  }

  /**
   * Hands over everything that was written so far, for a step that has just ended. The kernel's "nothing there" is
   * authoritative, so there is nothing to wait for; `maxMs` bounds the time for children that go on writing.
   */
  drain(maxMs: number): void {
    if (this.#closed) return
    this.#stream.pause()
    const end = performance.now() + maxMs
    const block = Buffer.allocUnsafe(blockSize)
    try {
      while (performance.now() < end) {
        const length = readSync(this.#masterFd, block)
        if (length === 0) break
        this.#onData(block.subarray(0, length))
      }
    } catch {
      // EAGAIN: empty. EIO: empty, and everybody on the other side has gone.
    }
  }

  /** From now on the output is read and thrown away. */
  discard(): void {
    this.#onData = () => undefined
    this.resume()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.release()
    this.#stream.destroy()
  }
}

interface FarSide {
  fd: number
  path: string | undefined
}

/**
 * The native module opens both sides non-blocking, and the flag belongs to the open file that the child inherits:
 * programs would get EAGAIN from stdout when they write faster than we read. A second open of the same terminal blocks.
 */
function openBlocking(pair: { slave: number; pty: string }): FarSide | undefined {
  const flags = constants.O_RDWR | constants.O_NOCTTY
  try {
    return { fd: openSync(pair.pty, flags), path: pair.pty }
  } catch {
    // The place may have no /dev/pts of its own; then the other name works.
  }
  try {
    return { fd: openSync(`/proc/self/fd/${pair.slave}`, flags), path: undefined }
  } catch {
    return undefined
  }
}

const Native = z.custom<NativePty>(
  (value) => typeof value === 'object' && value !== null && 'open' in value && typeof value.open === 'function',
)
let native: NativePty | undefined

/** @throws where the module cannot be loaded. */
export function loadNative(): NativePty {
  if (native !== undefined) return native
  const inPlace = `${placePaths.runtime}/rt/pty.node`
  const path = existsSync(inPlace)
    ? inPlace
    : createRequire(import.meta.url).resolve(`@lydell/node-pty-linux-${process.arch}/pty.node`)
  const module: { exports: unknown } = { exports: {} }
  dlopen(module, path)
  native = Native.parse(module.exports)
  return native
}
