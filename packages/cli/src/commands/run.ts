import type { Command } from 'commander'
import { exitCodes } from '../exit-codes.ts'
import { wantsColour } from '../ui/format.ts'
import { collect } from './options.ts'

interface RunFlags {
  job?: string
  artifacts?: string
  approve?: boolean
  quiet?: boolean
  json?: boolean
  env: string[]
  envFile?: string
  imageMap: string[]
  parameter: string[]
  settings?: string
  orbs?: string
}

export function addRunCommand(program: Command): void {
  program
    .command('run')
    .description('Run the pipeline of this working tree, as it lies here, in containers of this machine.')
    .argument('[workflow]', 'only this workflow')
    .option('--job <name>', 'only this job and what it requires')
    .option('--artifacts <dir>', 'copy artifacts to this folder', '.orrery/artifacts')
    .option('--approve', 'approve every approval job')
    .option('-q, --quiet', 'one line a job, without the output of steps')
    .option('--json', 'print the result as JSON on standard output (the rest goes to standard error)')
    .option('-e, --env <name>', 'hand this variable of your environment to the jobs, masked (repeatable)', collect, [])
    .option('--env-file <file>', 'NAME=value lines to hand to the jobs, masked')
    .option('-p, --parameter <name=value>', 'pipeline parameter (repeatable)', collect, [])
    .option(
      '--image-map <from=to>',
      'use image TO where the config says FROM; * matches anything (repeatable)',
      collect,
      [],
    )
    .option('--orbs <dir>', 'folder of orb sources and packed orbs (default: `orbs.directory` of the settings)')
    .option('--settings <file>', 'settings file (default: ~/.config/orrery/settings.json)')
    .addHelpText(
      'after',
      "\nExample:\n  $ orrery run\n  $ orrery run build-and-test --job unit --image-map 'cimg/node:*=my/node:22'\n\nExit code: 0 success, 1 the pipeline failed, 2 usage or config error.",
    )
    .action(run)
}

async function run(workflow: string | undefined, flags: RunFlags): Promise<void> {
  const interrupt = new AbortController()
  process.once('SIGINT', () => interrupt.abort())
  process.once('SIGTERM', () => interrupt.abort())
  const out = flags.json ? process.stderr : process.stdout
  // Loaded when it is needed: the server's modules take a second, and most commands have no use for them.
  const { runLocally } = await import('../local/run-locally.ts')
  const outcome = await runLocally({
    directory: process.cwd(),
    only: { ...(workflow ? { workflow } : {}), ...(flags.job ? { job: flags.job } : {}) },
    artifactsDirectory: flags.artifacts ?? '.orrery/artifacts',
    approve: flags.approve ?? false,
    quiet: flags.quiet ?? false,
    colour: wantsColour(out, process.env),
    interactive: Boolean(process.stdin.isTTY && out.isTTY),
    variables: { names: flags.env, file: flags.envFile },
    parameters: flags.parameter,
    imageMap: flags.imageMap,
    settingsFile: flags.settings,
    orbsDirectory: flags.orbs,
    write: (text) => out.write(text),
    signal: interrupt.signal,
  })
  if (flags.json) process.stdout.write(`${JSON.stringify(outcome)}\n`)
  if (outcome.interrupted) process.exit(exitCodes.interrupted)
  if (outcome.success) process.exit(exitCodes.success)
  process.exit(outcome.errors.length > 0 ? exitCodes.usage : exitCodes.failed)
}
