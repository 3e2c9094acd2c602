import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { lockedOrbs, lockFile, type OrbResolver, orbsFrom, parseLock } from '@orrery/config'
import { type Command, Option } from 'commander'
import { collect } from '../commands/options.ts'
import { orbSources, readSettings, userSettingsPath } from '../settings.ts'
import { readText } from './input.ts'
import { failWith, type Texts } from './report.ts'

export interface OrbFlags {
  orbs?: string
  allowUrl: string[]
}

export interface LockFlags {
  lock?: string
}

/** The flags of every command that resolves orbs. */
export function orbOptions(command: Command): Command {
  return command
    .option('--orbs <dir>', 'folder of orb sources and packed orbs (default: `orbs.directory` of the settings)')
    .addOption(
      new Option('--allow-url <prefix>', 'allow URL orbs under this https address (repeatable)')
        .argParser(collect)
        .default([], 'none'),
    )
}

/** The installation's orbs as flags and settings give them. Texts of orbs are kept for excerpts. */
export async function resolverOf(flags: OrbFlags, texts: Texts): Promise<OrbResolver> {
  const sources = orbSources(await readSettings(undefined, userSettingsPath()), flags.orbs)
  const resolver = orbsFrom({ ...sources, urlPrefixes: [...flags.allowUrl, ...(sources.urlPrefixes ?? [])] })
  return {
    resolve: async (reference) => {
      const answer = await resolver.resolve(reference)
      if (answer.ok) texts.set(reference.startsWith('https:') ? reference : `orb:${answer.resolved}`, answer.text)
      return answer
    },
  }
}

/** Where the lock of a config lies: `orbs.lock` beside it, or where `--lock` says. */
export function lockPath(config: string, flags: LockFlags): string {
  return flags.lock ?? (config === '-' ? lockFile : join(dirname(config), 'orbs.lock'))
}

/** The resolver kept to the lock of a config, if there is one; a lock that was named must be there. */
export function locked(orbs: OrbResolver, config: string, flags: LockFlags): OrbResolver {
  const file = lockPath(config, flags)
  if (flags.lock === undefined && !existsSync(file)) return orbs
  const { lock, diagnostics } = parseLock({ text: readText(file), file })
  if (!lock) failWith(diagnostics)
  return lockedOrbs(lock, orbs)
}
