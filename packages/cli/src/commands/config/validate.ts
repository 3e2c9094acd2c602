import type { Command } from 'commander'
import { type CompileFlags, compileFile, compileOptions, defaultConfig } from '../../config-tools/compile.ts'
import { lockPath } from '../../config-tools/orbs.ts'
import { printDiagnostics, printJson, reporting } from '../../config-tools/report.ts'
import { writeLock } from '../../config-tools/write-lock.ts'
import { exitCodes } from '../../exit-codes.ts'

interface ValidateFlags extends CompileFlags {
  json?: boolean
  updateLock?: boolean
}

export function addValidate(config: Command): void {
  compileOptions(config.command('validate'))
    .description('Check a config file and show every error with its place.')
    .argument('[file]', 'config file, `-` for standard input', defaultConfig)
    .option('--json', 'print {"ok", "diagnostics"} as JSON')
    .option('--update-lock', 'resolve all orbs anew and write the lock file')
    .addHelpText('after', '\nExample:\n  $ orrery config validate --json --orbs ./orbs .circleci/config.yml')
    .action((file: string, flags: ValidateFlags) => reporting(flags.json, () => validate(file, flags)))
}

async function validate(file: string, flags: ValidateFlags): Promise<void> {
  const { result } = await compileFile(file, flags, !flags.updateLock)
  if (result.ok && flags.updateLock) await writeLock(lockPath(file, flags), result.orbLock)
  if (flags.json) printJson(result.ok, result.diagnostics)
  else {
    printDiagnostics(result.diagnostics)
    if (result.ok) process.stdout.write(`${file === '-' ? 'The config' : `Config file at ${file}`} is valid.\n`)
  }
  process.exitCode = result.ok ? exitCodes.success : exitCodes.failed
}
