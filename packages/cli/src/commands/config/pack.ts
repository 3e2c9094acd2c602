import { packConfig } from '@orrery/config'
import type { Command } from 'commander'
import { readFolder } from '../../config-tools/input.ts'
import { printPacked } from '../../config-tools/packed.ts'

export function addPack(config: Command): void {
  config
    .command('pack')
    .description(
      'Pack a folder of YAML files into one config: folders and files are keys, @files merge into their folder.',
    )
    .argument('<dir>', 'folder')
    .option('--json', 'print {"ok", "diagnostics", "packed"} as JSON')
    .addHelpText('after', '\nExample:\n  $ orrery config pack src/ > .circleci/config.yml')
    .action((directory: string, flags: { json?: boolean }) => {
      printPacked(packConfig(readFolder(directory)), flags.json)
    })
}
