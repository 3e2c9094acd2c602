import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { PseudoTtyInfo, ServerChannel, Session } from 'ssh2'
import { exitCodeOf } from '../process/exit-code.ts'
import { type LoginTerminal, openLoginTerminal } from './login-terminal.ts'
import { serveFiles } from './sftp.ts'

/** What a session finds itself in. */
export interface SessionPlace {
  home: string
  /** The job's variables at this moment, secrets included: sessions are not masked (spec: execution.md 19). */
  environment(): Record<string, string>
  /** A session's process lives until the task ends, or its session does. */
  started(pid: number): void
}

/** One session channel: a login shell, a command, or files. */
export function openSession(session: Session, place: SessionPlace): void {
  let wanted: PseudoTtyInfo | undefined
  let terminal: LoginTerminal | undefined
  session.on('pty', (accept, _reject, info) => {
    wanted = info
    accept?.()
  })
  session.on('window-change', (accept, _reject, { cols, rows }) => {
    terminal?.resize(cols, rows)
    accept?.()
  })
  session.on('env', (accept) => accept?.())
  session.on('shell', (accept) => {
    terminal = run(accept(), [shell(), '-l'], place, wanted)
  })
  session.on('exec', (accept, _reject, { command }) => {
    terminal = run(accept(), [shell(), '-c', command], place, wanted)
  })
  session.on('sftp', (accept) => serveFiles(accept(), place.home))
}

function run(
  channel: ServerChannel,
  argv: [string, ...string[]],
  place: SessionPlace,
  pty: PseudoTtyInfo | undefined,
): LoginTerminal | undefined {
  const env = { ...place.environment(), SHELL: argv[0] }
  const terminal = pty && openLoginTerminal(pty, (bytes) => channel.write(bytes))
  const options = { cwd: place.home, detached: true }
  const child = terminal
    ? terminal.start(argv, { ...options, env: { ...env, TERM: termOf(pty) } })
    : spawn(argv[0], argv.slice(1), { ...options, env, stdio: 'pipe' })
  if (child.pid !== undefined) place.started(child.pid)
  if (terminal) channel.on('data', (bytes: Buffer) => terminal.write(bytes))
  else joinPipes(channel, child)
  channel.once('close', () => hangUp(child))
  child.once('error', (error) => {
    channel.stderr.write(`${error.message}\n`)
    finish(channel, 127)
  })
  child.once(terminal ? 'exit' : 'close', (code, signal) => {
    terminal?.end()
    finish(channel, exitCodeOf(code, signal))
  })
  return terminal
}

function joinPipes(channel: ServerChannel, child: ChildProcess): void {
  if (child.stdin) {
    // A command that does not read its input to the end is no fault of the connection.
    child.stdin.on('error', () => undefined)
    channel.pipe(child.stdin)
  }
  child.stdout?.pipe(channel, { end: false })
  child.stderr?.pipe(channel.stderr, { end: false })
}

function finish(channel: ServerChannel, code: number): void {
  channel.exit(code)
  channel.end()
}

/** The session's whole group: what it left behind in the foreground goes with the connection, as with a real one. */
function hangUp(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, 'SIGHUP')
  } catch {
    // It ended in between.
  }
}

function termOf(pty: PseudoTtyInfo): string {
  const term = 'term' in pty && typeof pty.term === 'string' ? pty.term : ''
  return term || 'xterm'
}

function shell(): string {
  return existsSync('/bin/bash') ? '/bin/bash' : '/bin/sh'
}
