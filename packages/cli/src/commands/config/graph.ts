import { graphMermaid, graphText } from '@orrery/config'
import type { Command } from 'commander'
import { type CompileFlags, compiledOrFail, compileOptions, defaultConfig } from '../../config-tools/compile.ts'
import { printDiagnostics, reporting } from '../../config-tools/report.ts'

interface GraphFlags extends CompileFlags {
  mermaid?: boolean
}

export function addGraph(config: Command): void {
  compileOptions(config.command('graph'))
    .description('Print the workflows of one pipeline: every job with what it waits for.')
    .argument('[file]', 'config file, `-` for standard input', defaultConfig)
    .option('--mermaid', 'as a Mermaid flowchart')
    .addHelpText('after', '\nExample:\n  $ orrery config graph --branch main --mermaid > workflows.mmd')
    .action((file: string, flags: GraphFlags) => reporting(false, () => graph(file, flags)))
}

async function graph(file: string, flags: GraphFlags): Promise<void> {
  const { plan, result } = await compiledOrFail(file, flags)
  printDiagnostics(result.diagnostics)
  if (plan.workflows.length === 0) process.stderr.write('No workflow runs in this pipeline.\n')
  if (flags.mermaid) process.stdout.write(graphMermaid(plan))
  else process.stdout.write(graphText(plan))
}
