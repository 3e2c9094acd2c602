import type { Command } from 'commander'
import { checkOrb } from '../../config-tools/check-orb.ts'
import { type OrbFlags, orbOptions } from '../../config-tools/orbs.ts'
import { printDiagnostics, reporting } from '../../config-tools/report.ts'
import { exitCodes } from '../../exit-codes.ts'

export function addProcess(orb: Command): void {
  orbOptions(orb.command('process'))
    .description('Check an orb and print it packed, with a comment for every orb that it imports.')
    .argument('<path>', 'packed orb, folder of sources, or `-` for standard input')
    .addHelpText('after', '\nExample:\n  $ orrery orb process src/')
    .action((path: string, flags: OrbFlags) => reporting(false, () => processOrb(path, flags)))
}

async function processOrb(path: string, flags: OrbFlags): Promise<void> {
  const result = await checkOrb(path, flags)
  printDiagnostics(result.diagnostics)
  if (result.ok) {
    const head = result.orbLock.map(({ requested, resolved }) => `# Orb '${requested}' resolved to '${resolved}'\n`)
    process.stdout.write(`${head.join('')}${result.text ?? ''}`)
  }
  process.exitCode = result.ok ? exitCodes.success : exitCodes.failed
}
