import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Process id of the server that runs on this data directory, or null. */
export async function runningServer(cluster: string): Promise<number | null> {
  const pid = await lockedBy(join(cluster, 'postmaster.pid'))
  return pid !== null && (await isServerOf(pid, cluster)) ? pid : null
}

/**
 * PostgreSQL itself clears the lock files of a server that died, unless their process id has gone to somebody else in
 * the meantime (every start of a container deals the same few ids again). Only call it when no server runs here.
 *
 * The data directory's file is not removed: it also names the shared memory by which PostgreSQL notices backends that
 * outlived their server. Its id is replaced by ours, which PostgreSQL, our child, knows to be no server.
 */
export async function disownLockFiles(cluster: string, socketFolder: string): Promise<void> {
  const path = join(cluster, 'postmaster.pid')
  if (await isTakenOver(path)) {
    const [, ...rest] = (await readFile(path, 'utf8')).split('\n')
    await writeFile(path, [String(process.pid), ...rest].join('\n'))
  }
  const socketLock = join(socketFolder, '.s.PGSQL.5432.lock')
  if (await isTakenOver(socketLock)) await rm(socketLock, { force: true })
}

/** Does the lock file name a process that lives? The caller knows that it is not the server. */
async function isTakenOver(path: string): Promise<boolean> {
  const pid = await lockedBy(path)
  return pid !== null && (await isAlive(pid))
}

async function lockedBy(path: string): Promise<number | null> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const pid = Number(text.split('\n')[0])
  return Number.isInteger(pid) && pid > 0 ? pid : null
}

/** Is the process a `postgres` with this data directory on its command line? */
async function isServerOf(pid: number, cluster: string): Promise<boolean> {
  const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  const [program, ...args] = words.split('\0')
  return program !== undefined && /(^|\/)postgres$/.test(program) && args.includes(cluster) && !(await isZombie(pid))
}

/** A killed server that nobody has waited for still has an entry, but serves no more. */
async function isZombie(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
}

/** True while the process runs, whoever owns it. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  return !(await isZombie(pid))
}
