import { type ChildProcess, spawn } from 'node:child_process'
import { access, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import { scratchFolder } from './scratch.ts'

export interface CommandRun {
  /** Whole input of the command; absent = nothing. */
  input?: string
  /** Hand over what it prints instead of showing it. */
  capture?: boolean
}

export interface CommandEnd {
  /** As a shell tells it: 128 + number for a signal, 127 when the command could not start. */
  exitCode: number
  stdout: string
}

/** More than this from one command is no list of tests. */
const mostOutput = 64 * 1024 * 1024

/**
 * Runs a line of the user's through `bash -c`, or `sh -c` where there is no bash (spec: execution.md 15.4).
 *
 * Input and captured output are files, because what Node calls a pipe is a socket: `/dev/stdin` of one cannot be
 * opened, and bash takes a socket for a remote login and reads `~/.bashrc` first.
 */
export async function runCommand(line: string, { input = '', capture = false }: CommandRun = {}): Promise<CommandEnd> {
  const folder = await scratchFolder('command-')
  try {
    const [inputPath, outputPath] = [join(folder, 'stdin'), join(folder, 'stdout')]
    await writeFile(inputPath, input)
    await using stdin = await open(inputPath, 'r')
    await using stdout = await open(outputPath, 'a')
    const child = spawn(await findShell(), ['-c', line], {
      stdio: [stdin.fd, capture ? stdout.fd : 'inherit', 'inherit'],
    })
    const exitCode = await endOf(child)
    if (!capture) return { exitCode, stdout: '' }
    if ((await stat(outputPath)).size > mostOutput) throw new Error(`the command printed more than ${mostOutput} bytes`)
    return { exitCode, stdout: await readFile(outputPath, 'utf8') }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function endOf(child: ChildProcess): Promise<number> {
  using _ = passSignals(child)
  return await new Promise<number>((resolve) => {
    child.once('error', () => resolve(127))
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  })
}

async function findShell(): Promise<string> {
  return await access('/bin/bash').then(
    () => '/bin/bash',
    () => '/bin/sh',
  )
}

/** Whoever stops the helper means the tests; it ends with them. */
function passSignals(child: ChildProcess): Disposable {
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
  const listeners = signals.map((signal) => {
    const pass = () => void child.kill(signal)
    process.on(signal, pass)
    return () => process.off(signal, pass)
  })
  return {
    [Symbol.dispose]: () => {
      for (const remove of listeners) remove()
    },
  }
}
