import { join } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { defaultDataDirectory } from '../data-directory.ts'
import type { HostOptions } from '../local/host.ts'
import { orbSources, readSettings } from '../settings.ts'

/** 0 means any free port. */
export function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65535) throw new InvalidArgumentError('a port is a number from 0 to 65535.')
  return port
}

/** How many containers wait for a job. */
export function parsePool(text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count > 64) throw new InvalidArgumentError('a pool is a number from 0 to 64.')
  return count
}

/** Gathers a flag that may be given several times. */
export function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value]
}

/** What `serverOptions` puts into a command's flags. */
export interface ServerFlags {
  data: string
  host: string
  port: number
  publicUrl?: string
  orbs?: string
}

/** The flags of every command that starts a server. */
export function serverOptions(command: Command): Command {
  return command
    .option('--data <dir>', 'where all state lives', defaultDataDirectory())
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on', parsePort, 8700)
    .option('--public-url <url>', 'how people and runners reach the server, if not by host and port')
    .option('--orbs <dir>', 'folder of orb sources and packed orbs (default: `orbs.directory` of the settings)')
}

/**
 * The server's options from its flags and `settings.json`; the database comes from `DATABASE_URL`, which may hold a
 * password.
 */
export async function hostOptions(flags: ServerFlags, settingsFile?: string): Promise<HostOptions> {
  const settings = await readSettings(settingsFile, join(flags.data, 'settings.json'))
  return {
    dataDir: flags.data,
    host: flags.host,
    port: flags.port,
    publicUrl: flags.publicUrl,
    databaseUrl: process.env['DATABASE_URL'],
    orbs: orbSources(settings, flags.orbs),
  }
}
