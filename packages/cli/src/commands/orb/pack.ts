import { packOrb } from '@orrery/config'
import type { Command } from 'commander'
import { readFolder } from '../../config-tools/input.ts'
import { printPacked } from '../../config-tools/packed.ts'

export function addPack(orb: Command): void {
  orb
    .command('pack')
    .description('Pack the sources of an orb (@orb.yml, commands/, jobs/, executors/, examples/) into one file.')
    .argument('<dir>', 'folder with @orb.yml')
    .option('--json', 'print {"ok", "diagnostics", "packed"} as JSON')
    .addHelpText('after', '\nExample:\n  $ orrery orb pack src/ > orb.yml')
    .action((directory: string, flags: { json?: boolean }) => {
      printPacked(packOrb(readFolder(directory)), flags.json)
    })
}
