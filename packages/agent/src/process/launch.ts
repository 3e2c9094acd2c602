import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { delimiter, resolve } from 'node:path'
import { placePaths } from '@orrery/protocol'

/**
 * A process that leads a session without controlling terminal and opens a terminal gets it as controlling terminal,
 * and bash opens the terminal of its stdin at every start. Then its end would hang up all it left in the background.
 * So a small program leads the session: it never has the terminal as its own stdin, and the step's program is its child.
 * Where the runtime brings none, a shell does it.
 *
 * It must not die before the program when the whole group gets a signal; a handler, unlike "ignore", is not inherited.
 */
const script = 'trap : 1 2 3 15; "$@" <&3 >&3 2>&3 3>&-; exit $?'
const launcher = '/bin/sh'
const nativeLauncher = `${placePaths.runtime}/rt/launch`
let hasLauncher: boolean | undefined
let hasNativeLauncher: boolean | undefined

export interface LaunchOptions {
  cwd: string
  env: Record<string, string>
}

/**
 * Starts a program in a session and process group of its own, with the terminal as stdin, stdout and stderr; without a
 * terminal, with pipes. The answer has no `pid` when the system refused.
 * @throws the system's error when there is no such program.
 */
export function launch(
  argv: readonly [string, ...string[]],
  terminalFd: number | undefined,
  { cwd, env }: LaunchOptions,
): ChildProcess {
  const [file, ...args] = argv
  // Asked before: the launcher would tell it in words of its own, and give a code that a program may give too.
  const path = findProgram(file, cwd, env)
  hasLauncher ??= existsSync(launcher)
  hasNativeLauncher ??= existsSync(nativeLauncher)
  const options = { cwd, env, detached: true }
  const stdio: StdioOptions = ['ignore', 'ignore', 'ignore', terminalFd]
  if (terminalFd !== undefined && hasNativeLauncher) {
    return spawn(nativeLauncher, [path, ...argv], { ...options, stdio })
  }
  // Without any /bin/sh the program cannot be bash as this system knows it, and may lead the session itself.
  if (terminalFd === undefined || !hasLauncher) {
    const out = terminalFd ?? 'pipe'
    return spawn(file, args, { ...options, stdio: [out, out, out] })
  }
  return spawn(launcher, ['-c', script, 'sh', ...argv], { ...options, stdio })
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
