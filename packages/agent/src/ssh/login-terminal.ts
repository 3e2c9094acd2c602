import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import type { PseudoTtyInfo } from 'ssh2'
import { loadNative } from '../process/terminal.ts'

/** The terminal of a login session: unlike a step's it controls its session, so that job control and ^C work. */
export interface LoginTerminal {
  start(argv: readonly [string, ...string[]], options: SpawnOptions): ChildProcess
  write(bytes: Buffer): void
  resize(columns: number, rows: number): void
  /** The program ended: hands over what is left of its output. */
  end(): void
}

/** A session's leader gets the first terminal that it opens as controlling one; so a small shell opens it by name. */
const script = 'tty=$1; shift; exec "$@" <"$tty" >"$tty" 2>&1'
const blockSize = 16 * 1024

/** Undefined where the system has no pseudo-terminals. */
export function openLoginTerminal(size: PseudoTtyInfo, onData: (bytes: Buffer) => void): LoginTerminal | undefined {
  let native: ReturnType<typeof loadNative>
  let pair: ReturnType<typeof native.open>
  try {
    native = loadNative()
    pair = native.open(size.cols || 80, size.rows || 24)
  } catch {
    return undefined
  }
  const { master, slave, pty } = pair
  // The terminal lives as long as somebody has it open; ours goes when the program's own end is read.
  const held = openSync(pty, constants.O_RDWR | constants.O_NOCTTY)
  closeSync(slave)
  const stream = new ReadStream(master)
  let isOpen = true
  stream.on('data', (bytes: Buffer) => onData(bytes))
  stream.on('error', () => undefined)
  stream.once('close', () => {
    isOpen = false
  })
  return {
    start: ([file, ...args], options) =>
      spawn('/bin/sh', ['-c', script, 'sh', pty, file, ...args], { ...options, stdio: 'ignore' }),
    write(bytes) {
      if (isOpen) writeAll(master, bytes)
    },
    resize(columns, rows) {
      if (isOpen && columns > 0 && rows > 0) native.resize(master, columns, rows)
    },
    end() {
      if (!isOpen) return
      stream.pause()
      const block = Buffer.allocUnsafe(blockSize)
      try {
        for (let length = readSync(master, block); length > 0; length = readSync(master, block)) {
          onData(Buffer.from(block.subarray(0, length)))
        }
      } catch {
        // EAGAIN: empty.
      }
      closeSync(held)
      stream.destroy()
    },
  }
}

/** What a person types is short; what does not fit into the terminal's own buffer is lost, as on a real one. */
function writeAll(fd: number, bytes: Buffer): void {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
  } catch {
    // EAGAIN: nobody reads it.
  }
}
