import { constants } from 'node:os'

/** What a shell would report: the code, or 128 + the number of the signal. */
export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  if (code !== null) return code
  return signal === null ? 1 : 128 + constants.signals[signal]
}

const starts: Record<string, { exitCode: number; text: string }> = {
  ENOENT: { exitCode: 127, text: 'no such file or directory' },
  ENOTDIR: { exitCode: 127, text: 'not a directory' },
  EACCES: { exitCode: 126, text: 'permission denied' },
  EPERM: { exitCode: 126, text: 'operation not permitted' },
  ENOEXEC: { exitCode: 126, text: 'exec format error' },
  EISDIR: { exitCode: 126, text: 'is a directory' },
  EAGAIN: { exitCode: 126, text: 'the system allows no more processes' },
  E2BIG: {
    exitCode: 126,
    text: 'argument list too long: the environment and the command are larger than the system allows',
  },
}

/** A program that could not be started, as a shell would tell it (spec: execution.md 10.3, rule 5). */
export function startFailure(error: unknown): { exitCode: number; text: string } {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  return starts[code] ?? { exitCode: 126, text: error instanceof Error ? error.message : String(error) }
}

/** The same for a program that was found, but that the kernel then refused; an error without a code is its killer's. */
export function failureOf(error: Error): { exitCode: number; text: string } {
  const code = 'code' in error ? error.code : undefined
  if (code === undefined) return { exitCode: 137, text: error.message }
  if (code !== 'ENOENT' && code !== 'ENOEXEC') return startFailure(error)
  return { exitCode: 126, text: 'cannot be started: it is not for this system, or what it needs is missing' }
}
