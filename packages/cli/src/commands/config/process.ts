import type { Command } from 'commander'
import { type CompileFlags, compileFile, compileOptions, defaultConfig } from '../../config-tools/compile.ts'
import { printDiagnostics, printJson, reporting } from '../../config-tools/report.ts'
import { exitCodes } from '../../exit-codes.ts'

interface ProcessFlags extends CompileFlags {
  json?: boolean
}

export function addProcess(config: Command): void {
  compileOptions(config.command('process'))
    .description('Print the expanded config: no orbs, commands, executors, parameters or conditions are left in it.')
    .argument('[file]', 'config file, `-` for standard input', defaultConfig)
    .option('--json', 'print {"ok", "diagnostics", "compiled"} as JSON')
    .addHelpText(
      'after',
      `\nExample:\n  $ orrery config process --pipeline-parameters '{"deploy": true}' - < config.yml`,
    )
    .action((file: string, flags: ProcessFlags) => reporting(flags.json, () => processConfig(file, flags)))
}

async function processConfig(file: string, flags: ProcessFlags): Promise<void> {
  const { result } = await compileFile(file, flags)
  const { ok, diagnostics, compiled } = result
  if (flags.json) printJson(ok, diagnostics, compiled === undefined ? {} : { compiled })
  else {
    printDiagnostics(diagnostics)
    process.stdout.write(compiled ?? '')
  }
  process.exitCode = ok ? exitCodes.success : exitCodes.failed
}
