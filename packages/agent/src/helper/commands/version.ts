import manifest from '../../../package.json' with { type: 'json' }
import type { Command } from '../flags.ts'

export const version: Command = {
  synopsis: {
    name: 'version',
    positionals: { show: '', least: 0, most: 0 },
    about: 'Prints the version of this program.',
    flags: { short: { type: 'boolean', help: 'the number alone' } },
  },
  async run(parsed) {
    process.stdout.write(
      parsed.given('short') ? `${manifest.version}\n` : `Orrery agent, version ${manifest.version}\n`,
    )
    return 0
  },
}
