import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { delimiter, resolve } from 'node:path'
import { placePaths } from '@orrery/protocol'
import { exitCodeOf } from './exit-code.ts'
import { type Launched, Launcher, type ProgramExit } from './launcher.ts'
import type { Terminal } from './terminal.ts'

/**
 * A process that leads a session without controlling terminal and opens a terminal gets it as controlling terminal,
 * and bash opens the terminal of its stdin at every start. Then its end would hang up all it left in the background.
 * So a small program leads the session: it never has the terminal as its own stdin, and the step's program is its child.
 * The runtime brings one (launcher.ts); where it cannot be had, a shell does it.
 *
 * It must not die before the program when the whole group gets a signal; a handler, unlike "ignore", is not inherited.
 */
const script = 'trap : 1 2 3 15; "$@" <&3 >&3 2>&3 3>&-; exit $?'
const shell = '/bin/sh'
let hasShell: boolean | undefined
let launcher: Launcher | 'none' | undefined

export interface LaunchOptions {
  cwd: string
  env: Record<string, string>
}

/** Starts what starts programs, so that it is there when the first one is wanted. */
export function prepareLauncher(): void {
  if (launcher === 'none' || launcher?.usable === true) return
  const program = `${placePaths.runtime}/rt/launch`
  try {
    launcher = existsSync(program) ? new Launcher(program) : 'none'
  } catch {
    launcher = 'none'
  }
}

/**
 * Starts a program in a session and process group of its own, with the terminal as stdin, stdout and stderr.
 * Rejects with the system's error when there is no such program or it cannot be started.
 */
export async function launchOnTerminal(
  argv: readonly [string, ...string[]],
  terminal: Terminal,
  { cwd, env }: LaunchOptions,
): Promise<Launched> {
  // Asked before: whoever starts it would tell it in words of its own, and give a code that a program may give too.
  const path = findProgram(argv[0], cwd, env)
  prepareLauncher()
  if (terminal.path !== undefined && launcher instanceof Launcher) {
    return await launcher.launch({ terminal: terminal.path, path, argv, cwd, env })
  }
  hasShell ??= existsSync(shell)
  const fd = terminal.childFd
  // Without any /bin/sh the program cannot be bash as this system knows it, and may lead the session itself.
  const child = hasShell
    ? start([shell, '-c', script, 'sh', ...argv], ['ignore', 'ignore', 'ignore', fd], { cwd, env })
    : start(argv, [fd, fd, fd], { cwd, env })
  return await launchedOf(child)
}

/** The same where the system has no terminals, with pipes as stdin, stdout and stderr. */
export async function launchOnPipes(
  argv: readonly [string, ...string[]],
  { cwd, env }: LaunchOptions,
): Promise<Launched & { child: ChildProcess }> {
  findProgram(argv[0], cwd, env)
  const child = start(argv, ['pipe', 'pipe', 'pipe'], { cwd, env })
  return { ...(await launchedOf(child)), child }
}

function start([file, ...args]: readonly [string, ...string[]], stdio: StdioOptions, options: LaunchOptions) {
  return spawn(file, args, { ...options, stdio, detached: true })
}

async function launchedOf(child: ChildProcess): Promise<Launched> {
  const exited = new Promise<ProgramExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ exitCode: exitCodeOf(code, signal) }))
  })
  const { pid } = child
  if (pid === undefined) throw await new Promise<unknown>((resolve) => child.once('error', resolve))
  return { pid, exited }
}

/** Where the system would find it. */
function findProgram(file: string, cwd: string, env: Record<string, string>): string {
  const directories = file.includes('/') ? [''] : (env['PATH'] ?? '').split(delimiter)
  let reason: unknown
  for (const directory of directories) {
    try {
      const path = resolve(cwd, directory, file)
      accessSync(path, constants.X_OK)
      if (!statSync(path).isDirectory()) return path
      reason = Object.assign(new Error(`${path} is a directory`), { code: 'EISDIR' })
    } catch (error) {
      reason = error
    }
  }
  throw reason
}
