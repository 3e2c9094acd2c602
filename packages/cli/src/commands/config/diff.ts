import { type Change, diffViews } from '@orrery/config'
import type { Command } from 'commander'
import { type CompileFlags, compiledOrFail, compileOptions } from '../../config-tools/compile.ts'
import { reporting } from '../../config-tools/report.ts'
import { exitCodes } from '../../exit-codes.ts'

interface DiffFlags extends CompileFlags {
  json?: boolean
}

export function addDiff(config: Command): void {
  compileOptions(config.command('diff'))
    .description('Compare what two configs compile to: workflows, jobs, steps. Exit code 1 when they differ.')
    .argument('<before>', 'config file, `-` for standard input')
    .argument('<after>', 'config file')
    .option('--json', 'print {"same", "changes"} as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ git show main:.circleci/config.yml | orrery config diff - .circleci/config.yml',
    )
    .action((before: string, after: string, flags: DiffFlags) =>
      reporting(flags.json, () => diff(before, after, flags)),
    )
}

async function diff(before: string, after: string, flags: DiffFlags): Promise<void> {
  const left = await compiledOrFail(before, flags)
  const right = await compiledOrFail(after, flags)
  const changes = diffViews(left.inspection.view, right.inspection.view)
  if (flags.json) process.stdout.write(`${JSON.stringify({ same: changes.length === 0, changes })}\n`)
  else process.stdout.write(changes.length === 0 ? 'Both mean the same.\n' : changes.map(changeText).join(''))
  process.exitCode = changes.length === 0 ? exitCodes.success : exitCodes.failed
}

const signs = { added: '+', removed: '-', changed: '~' }

function changeText({ workflow, job, path, kind, before, after }: Change): string {
  const what = [workflow, job, path].filter((part) => part !== undefined).join(' › ')
  const lines = [`${signs[kind]} ${what}`]
  if (before !== undefined) lines.push(`    - ${before.replaceAll('\n', '\n      ')}`)
  if (after !== undefined) lines.push(`    + ${after.replaceAll('\n', '\n      ')}`)
  return `${lines.join('\n')}\n`
}
