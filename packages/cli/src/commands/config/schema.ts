import { configSchema } from '@orrery/config'
import type { Command } from 'commander'

export function addSchema(config: Command): void {
  config
    .command('schema')
    .description('Print a JSON Schema of config files, for editors: completion, descriptions, errors while typing.')
    .addHelpText(
      'after',
      `
Example:
  $ orrery config schema > .circleci/schema.json

Then say so in the first line of .circleci/config.yml (any editor with yaml-language-server reads it):
  # yaml-language-server: $schema=schema.json`,
    )
    .action(() => {
      process.stdout.write(`${JSON.stringify(configSchema(), undefined, 2)}\n`)
    })
}
