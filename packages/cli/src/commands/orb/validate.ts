import type { Command } from 'commander'
import { checkOrb } from '../../config-tools/check-orb.ts'
import { type OrbFlags, orbOptions } from '../../config-tools/orbs.ts'
import { printDiagnostics, printJson, reporting } from '../../config-tools/report.ts'
import { exitCodes } from '../../exit-codes.ts'

interface ValidateFlags extends OrbFlags {
  json?: boolean
}

export function addValidate(orb: Command): void {
  orbOptions(orb.command('validate'))
    .description('Check an orb: form, names, parameters declared and used, references, used or not.')
    .argument('<path>', 'packed orb, folder of sources, or `-` for standard input')
    .option('--json', 'print {"ok", "diagnostics"} as JSON')
    .addHelpText('after', '\nExample:\n  $ orrery orb validate --orbs ./orbs src/')
    .action((path: string, flags: ValidateFlags) => reporting(flags.json, () => validate(path, flags)))
}

async function validate(path: string, flags: ValidateFlags): Promise<void> {
  const result = await checkOrb(path, flags)
  if (flags.json) printJson(result.ok, result.diagnostics)
  else {
    printDiagnostics(result.diagnostics)
    if (result.ok) process.stdout.write(`Orb at ${path} is valid.\n`)
  }
  process.exitCode = result.ok ? exitCodes.success : exitCodes.failed
}
