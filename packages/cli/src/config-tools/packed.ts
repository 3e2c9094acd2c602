import type { Packed } from '@orrery/config'
import { exitCodes } from '../exit-codes.ts'
import { printDiagnostics, printJson } from './report.ts'

/** Prints what packing gave: YAML on standard output, or `{"ok", "diagnostics", "packed"}`. */
export function printPacked({ text, diagnostics }: Packed, json: boolean | undefined): void {
  if (json) printJson(text !== undefined, diagnostics, text === undefined ? {} : { packed: text })
  else {
    printDiagnostics(diagnostics)
    process.stdout.write(text ?? '')
  }
  process.exitCode = text === undefined ? exitCodes.failed : exitCodes.success
}
