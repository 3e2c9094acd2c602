import { failureOf, startFailure } from './exit-code.ts'
import { launchOnPipes, launchOnTerminal } from './launch.ts'
import type { Launched } from './launcher.ts'
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
  let started: Started
  try {
    started = await start(program, onData, (terminal) => {
      source = terminal
    })
  } catch (error) {
    return { kind: 'not-started', ...startFailure(error) }
  }
  const { pid, exited, output, terminal } = started
  source = output
  host.onDrain(() => output.resume())
  host.table.add(pid, terminal)

  let ending: Promise<void> | undefined
  const end = (graceMs: number): void => {
    ending ??= endSessions(new Set([pid]), graceMs)
  }
  const stop = (): void => end(stopReasonOf(host.signal).graceMs)
  host.signal.addEventListener('abort', stop, { once: true })
  if (host.signal.aborted) stop()
  silence.start(() => end(host.graceMs))
  const exit = await exited
  silence.stop()
  host.signal.removeEventListener('abort', stop)
  // A program that was told to end may have gone before its children, which still have time to say something.
  await ending
  await output.drain(drainMs)
  output.discard()

  if (host.signal.aborted) return { kind: 'stopped' }
  if (silence.expired) return { kind: 'no-output' }
  if ('error' in exit) return { kind: 'not-started', ...failureOf(exit.error) }
  return { kind: 'exited', exitCode: exit.exitCode }
}

interface Started extends Launched {
  output: Terminal | Pipes
  terminal?: Terminal
}

/** `opened`: output may come on the terminal before this resolves. */
async function start(
  program: Program,
  onData: (bytes: Buffer) => void,
  opened: (terminal: Terminal) => void,
): Promise<Started> {
  const terminal = Terminal.open(onData)
  if (terminal === undefined) {
    const { child, ...launched } = await launchOnPipes(program.argv, program)
    return { ...launched, output: new Pipes(child, onData) }
  }
  opened(terminal)
  try {
    const launched = await launchOnTerminal(program.argv, terminal, program)
    terminal.release()
    return { ...launched, output: terminal, terminal }
  } catch (error) {
    terminal.close()
    throw error
  }
}
