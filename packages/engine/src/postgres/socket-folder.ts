import { createHash } from 'node:crypto'
import { chmod, chown, lstat, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OrreryError } from '@orrery/protocol'
import type { Account } from './account.ts'

/** Size of `sun_path` without the closing NUL. */
const longestSocketPath = 107
const socketName = '/.s.PGSQL.5432'

/**
 * A 0700 folder for the socket: `<data>/sock`, or one under the temporary directory, keyed by the data directory, when
 * that path is too long for a socket. Owned by PostgreSQL's account; we are that account or root, so we reach it too.
 */
export async function makeSocketFolder(dataDir: string, account: Account | null): Promise<string> {
  const folder = socketFolder(dataDir, tmpdir())
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const { uid } = await lstat(folder).then((stats) => (stats.isDirectory() ? stats : { uid: -1 }))
  const own = process.getuid?.() ?? -1
  // The temporary directory is everybody's: a folder that somebody else put there first is not ours to use.
  if (uid !== own && uid !== account?.uid) throw new OrreryError('ORY_DATABASE', [`${folder} belongs to somebody else`])
  await chmod(folder, 0o700)
  if (account) await chown(folder, account.uid, account.gid)
  return folder
}

/** Pure choice of the folder. */
export function socketFolder(dataDir: string, temporary: string): string {
  const near = join(dataDir, 'sock')
  if (Buffer.byteLength(near + socketName) <= longestSocketPath) return near
  return join(temporary, `orrery-${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`)
}
