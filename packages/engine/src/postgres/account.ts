import { chmod, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { OrreryError } from '@orrery/protocol'

/** Who PostgreSQL runs as; null = as we do. It refuses to run as root. */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** As root: `postgres`, else `nobody`. initdb needs an account with a passwd entry. Throws ORY_DATABASE. */
export async function chooseAccount(): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null
  const accounts = parsePasswd(await readFile('/etc/passwd', 'utf8'))
  const found = accounts.find(({ name }) => name === 'postgres') ?? accounts.find(({ name }) => name === 'nobody')
  if (found) return found
  throw new OrreryError('ORY_DATABASE', ['PostgreSQL cannot run as root, and there is no account postgres or nobody'])
}

function parsePasswd(text: string): Account[] {
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':')
    if (name === undefined || uid === undefined || gid === undefined) return []
    return [{ name, uid: Number(uid), gid: Number(gid) }]
  })
}

/**
 * Makes sure the account can walk to the data directory. The directory itself is ours and is opened for passing
 * through (not for listing); above it nothing is changed: a closed parent, as root's home often is, is ORY_DATABASE.
 */
export async function openWay(dataDir: string, account: Account | null): Promise<void> {
  if (account === null) return
  const { mode } = await stat(dataDir)
  if (!(await mayPass(dataDir, account))) await chmod(dataDir, (mode & 0o7777) | 0o011)
  for (let folder = dirname(dataDir); ; folder = dirname(folder)) {
    if (!(await mayPass(folder, account))) {
      const problem = `account ${account.name}, which runs PostgreSQL, may not enter ${folder}`
      throw new OrreryError('ORY_DATABASE', [`${problem}; choose another data directory or chmod o+x it`])
    }
    if (folder === dirname(folder)) return
  }
}

async function mayPass(folder: string, account: Account): Promise<boolean> {
  const { mode, uid, gid } = await stat(folder)
  if (uid === account.uid) return (mode & 0o100) !== 0
  if (gid === account.gid) return (mode & 0o010) !== 0
  return (mode & 0o001) !== 0
}
