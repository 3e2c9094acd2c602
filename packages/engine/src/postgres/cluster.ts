import { execFile } from 'node:child_process'
import { chown, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { OrreryError } from '@orrery/protocol'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { makeWhole } from './drafts.ts'

/** Superuser of the embedded server; trust is safe behind the 0700 socket folder. */
export const superuser = 'orrery'

const run = promisify(execFile)
const clusterName = 'postgres'

export function clusterFolder(dataDir: string): string {
  return join(dataDir, clusterName)
}

/** Major version of the data that exists, or null. */
export async function clusterMajor(cluster: string): Promise<number | null> {
  const text = await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => null)
  return text === null ? null : Number.parseInt(text, 10)
}

/** Runs initdb unless that was done. */
export async function ensureCluster(dataDir: string, binaries: Binaries, account: Account | null): Promise<void> {
  await makeWhole({ folder: dataDir, name: clusterName }, async (draft) => {
    if (account) await chown(draft, account.uid, account.gid)
    const options = ['--auth=trust', '--data-checksums', '-E', 'UTF8', '--no-locale', '-U', superuser]
    const identity = account ? { uid: account.uid, gid: account.gid } : {}
    try {
      await run(join(binaries.bin, 'initdb'), ['-D', draft, ...options], {
        cwd: '/',
        env: serverEnvironment(),
        ...identity,
      })
    } catch (error) {
      const reason = error instanceof Error ? error.message.trim() : String(error)
      throw new OrreryError('ORY_DATABASE', [`initdb failed (${reason})`], { cause: error })
    }
  })
}

/** Nothing of our environment concerns PostgreSQL, and some of it is secret. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
}
