import { type Diagnostic, formatDiagnostics } from '@orrery/config'
import { exitCodes } from '../exit-codes.ts'

/** The texts of a compile, by file name as places have it: for excerpts of what is explained. */
export type Texts = Map<string, string>

/** Ends a command whose diagnostics come from somewhere else than its main work; caught where commands are run. */
export class Diagnosed extends Error {
  readonly diagnostics: readonly Diagnostic[]

  constructor(diagnostics: readonly Diagnostic[]) {
    super('config diagnostics')
    this.diagnostics = diagnostics
  }
}

export function failWith(diagnostics: readonly Diagnostic[]): never {
  throw new Diagnosed(diagnostics)
}

/** Diagnostics for people, on standard error. */
export function printDiagnostics(diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.length > 0) process.stderr.write(`${formatDiagnostics(diagnostics)}\n`)
}

/** What `--json` prints: `{"ok", "diagnostics"}` (config-language.md 24.1), and more where a command has more. */
export function printJson(ok: boolean, diagnostics: readonly Diagnostic[], more: object = {}): void {
  process.stdout.write(`${JSON.stringify({ ok, diagnostics, ...more })}\n`)
}

/**
 * Runs a command's work and prints what it could not do. The exit code is 0, or 1 when the config, orb or lock file has
 * an error.
 */
export async function reporting(json: boolean | undefined, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Diagnosed)) throw error
    if (json) printJson(false, error.diagnostics)
    else printDiagnostics(error.diagnostics)
    process.exitCode = exitCodes.failed
  }
}
