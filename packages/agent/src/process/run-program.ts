import type { ChildProcess } from 'node:child_process'
import { exitCodeOf, startFailure } from './exit-code.ts'
import { launch } from './launch.ts'
import { Pipes } from './pipes.ts'
import type { ProcessTable } from './process-table.ts'
import { endSessions } from './sessions.ts'
import { SilenceTimer } from './silence-timer.ts'
import { stopReasonOf } from './stop-reason.ts'
import { Terminal } from './terminal.ts'

export interface Program {
  argv: readonly [string, ...string[]]
  /** Must exist: the system's error for a missing one names the program instead. */
  cwd: string
  env: Record<string, string>
  /** Seconds without a byte of output after which the program is killed; absent = never. */
  noOutputTimeoutS?: number | undefined
}

/** Where a program's output goes and what may end it. */
export interface ProgramHost {
  table: ProcessTable
  /** Milliseconds between SIGTERM and SIGKILL after the no-output timeout. */
  graceMs: number
  /** The bytes are valid during the call only. False asks for a pause until `onDrain`. */
  write(bytes: Buffer): boolean
  /** Registers who is called when the writer may go on. */
  onDrain(resume: () => void): void
  /** Its reason is a StopReason. */
  signal: AbortSignal
}

export type ProgramEnd =
  | { kind: 'exited'; exitCode: number }
  /** `exitCode` as a shell would give it; `text` is the system's reason. */
  | { kind: 'not-started'; exitCode: number; text: string }
  | { kind: 'no-output' }
  | { kind: 'stopped' }

/** Longest time output is read after the program's end, ms, while its children go on writing. */
const drainMs = 1_000

/**
 * Runs a program in a session and process group of its own, on a terminal, and resolves when *it* ends; its children
 * may live on (spec: execution.md 10.3, the process model). Without terminals in the system, pipes take their place.
 */
export async function runProgram(program: Program, host: ProgramHost): Promise<ProgramEnd> {
  if (host.signal.aborted) return { kind: 'stopped' }
  const silence = new SilenceTimer(program.noOutputTimeoutS)
  let source: Terminal | Pipes | undefined
  const onData = (bytes: Buffer): void => {
    silence.touch()
    if (!host.write(bytes)) source?.pause()
  }
  const terminal = Terminal.open(onData)
  const started = await start(program, terminal)
  terminal?.release()
  if ('error' in started) {
    terminal?.close()
    return { kind: 'not-started', ...startFailure(started.error) }
  }
  const { child, pid, exited } = started
  source = terminal ?? new Pipes(child, onData)
  host.onDrain(() => source.resume())
  host.table.add(pid, terminal)

  let ending: Promise<void> | undefined
  const end = (graceMs: number): void => {
    ending ??= endSessions(new Set([pid]), graceMs)
  }
  const stop = (): void => end(stopReasonOf(host.signal).graceMs)
  host.signal.addEventListener('abort', stop, { once: true })
  if (host.signal.aborted) stop()
  silence.start(() => end(host.graceMs))
  const exitCode = await exited
  silence.stop()
  host.signal.removeEventListener('abort', stop)
  // A program that was told to end may have gone before its children, which still have time to say something.
  await ending
  await source.drain(drainMs)
  source.discard()

  if (host.signal.aborted) return { kind: 'stopped' }
  if (silence.expired) return { kind: 'no-output' }
  return { kind: 'exited', exitCode }
}

interface Started {
  child: ChildProcess
  pid: number
  exited: Promise<number>
}

async function start(program: Program, terminal: Terminal | undefined): Promise<Started | { error: unknown }> {
  let child: ChildProcess
  try {
    child = launch(program.argv, terminal?.childFd, program)
  } catch (error) {
    return { error }
  }
  if (child.pid === undefined) {
    return { error: await new Promise<unknown>((resolve) => child.once('error', resolve)) }
  }
  const exited = new Promise<number>((resolve) => {
    child.once('exit', (code, signal) => resolve(exitCodeOf(code, signal)))
  })
  return { child, pid: child.pid, exited }
}
