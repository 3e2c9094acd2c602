import { graphData, graphMermaid, graphText } from '@orrery/config'
import { type Command, Option } from 'commander'
import { type CompileFlags, compiledOrFail, compileOptions, defaultConfig } from '../../config-tools/compile.ts'
import { printDiagnostics, printJson, reporting } from '../../config-tools/report.ts'

interface GraphFlags extends CompileFlags {
  mermaid?: boolean
  json?: boolean
}

export function addGraph(config: Command): void {
  compileOptions(config.command('graph'))
    .description('Print the workflows of one pipeline: every job with what it waits for.')
    .argument('[file]', 'config file, `-` for standard input', defaultConfig)
    .addOption(new Option('--mermaid', 'as a Mermaid flowchart').conflicts('json'))
    .option('--json', 'print {"ok", "diagnostics", "workflows"} as JSON')
    .addHelpText('after', help)
    .action((file: string, flags: GraphFlags) => reporting(flags.json, () => graph(file, flags)))
}

const help = `
Example:
  $ orrery config graph --branch main --mermaid > workflows.mmd
  $ orrery config graph --json | jq -r '.workflows[].jobs[] | select(.type == "approval").name'

With --json a workflow is {"name", "jobs"}. Its jobs stand in the order in which they can start, each as
  {"name", "definition", "type", "requires": [{"job", "statuses"}], "contexts"}
and with "matrix" and "filters" where it has them; jobs that filters leave out are not there.`

async function graph(file: string, flags: GraphFlags): Promise<void> {
  const { plan, result, inspection } = await compiledOrFail(file, flags)
  if (flags.json) {
    printJson(true, result.diagnostics, { workflows: graphData(plan, inspection.view) })
    return
  }
  printDiagnostics(result.diagnostics)
  if (plan.workflows.length === 0) process.stderr.write('No workflow runs in this pipeline.\n')
  if (flags.mermaid) process.stdout.write(graphMermaid(plan))
  else process.stdout.write(graphText(plan))
}
