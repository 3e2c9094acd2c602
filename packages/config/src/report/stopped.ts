import type { CompileResult } from '../compile-types.ts'
import type { Code } from './catalogue.ts'

const codes = { time: 'C604', memory: 'C605' } as const satisfies Record<string, Code>

/**
 * The result of a compile that its host ended because it took more than it may; `limit` is text like "10 s" or "512 MB".
 * The place is the start of the file: nobody knows where it stood.
 */
export function stoppedCompile(reason: 'time' | 'memory', limit: string, file: string): CompileResult {
  const message =
    reason === 'time'
      ? `The config took longer than ${limit} to compile and was stopped`
      : `The config took more than ${limit} of memory to compile and was stopped`
  const place = { line: 1, column: 1 }
  const diagnostic = {
    code: codes[reason],
    severity: 'error' as const,
    message,
    file,
    range: { start: place, end: place },
    path: '',
    stack: [],
    related: [],
    hint: 'make it smaller: fewer matrix values, aliases, nested commands and long texts; or split it by a setup config',
  }
  return { ok: false, diagnostics: [diagnostic], isSetup: false, orbLock: [] }
}
