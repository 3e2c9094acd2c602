import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OrreryError } from '@orrery/protocol'
import type { Command } from 'commander'
import { ApiClient } from '../client/api.ts'
import { defaultDataDirectory } from '../data-directory.ts'

/** What `connectionOptions` puts into a command's flags. */
export interface ConnectionFlags {
  server: string
  data: string
  json?: boolean
}

/** The flags of every command that speaks to a running server as a person. */
export function connectionOptions(command: Command): Command {
  return command
    .option('--server <url>', 'address of the server', 'http://127.0.0.1:8700')
    .option('--data <dir>', 'data directory that holds the token, unless ORRERY_TOKEN is set', defaultDataDirectory())
    .option('--json', 'print JSON')
}

export async function connect(flags: ConnectionFlags): Promise<ApiClient> {
  const token = process.env['ORRERY_TOKEN'] ?? (await readAdminToken(flags.data))
  return new ApiClient({ url: flags.server, token })
}

async function readAdminToken(dataDir: string): Promise<string> {
  const path = join(dataDir, 'admin-token')
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message
    throw new OrreryError('ORY_FILE', [
      path,
      `${reason}; name the server's data directory by --data, or set ORRERY_TOKEN`,
    ])
  }
}
