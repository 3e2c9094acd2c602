import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Driver } from './drivers/driver.ts'

/**
 * Paths of one task on the host: `<dataDir>/tasks/<taskId>/`, mode 0700. Only `mount` is seen by the job (as
 * /orrery-task, mode 0777); whatever lies in there was written by a stranger.
 */
export interface TaskDirectory {
  path: string
  mount: string
  /** Epoch and task token of the claim that made it. */
  claimFile: string
  /** The runner's own events, one JSON document a line. */
  eventsFile: string
  /** Text of step 0. */
  logFile: string
}

const Stored = z.object({
  epoch: z.number().int(),
  taskToken: z.string(),
  /** The one part of the job spec that is needed after an adoption; the rest holds secrets and stays in memory. */
  logBytesPerStep: z.number().int().positive(),
  /** The port that leads into a job with SSH. */
  sshPort: z.number().int().optional(),
})
export type StoredClaim = z.infer<typeof Stored>

export function taskDirectory(dataDir: string, taskId: string): TaskDirectory {
  const path = join(dataDir, 'tasks', taskId)
  return {
    path,
    mount: join(path, 'mnt'),
    claimFile: join(path, 'claim.json'),
    eventsFile: join(path, 'events.ndjson'),
    logFile: join(path, 'step-0.log'),
  }
}

/**
 * Makes the directory of a fresh claim; what an earlier claim of the task left is removed. Six short calls, made at once:
 * each way through the thread pool would take longer than the call, and a job waits.
 */
export async function createTaskDirectory(
  driver: DirectoryOpener,
  dataDir: string,
  taskId: string,
  claim: StoredClaim,
): Promise<TaskDirectory> {
  const directory = taskDirectory(dataDir, taskId)
  if (existsSync(directory.path)) await removeTaskDirectory(driver, directory)
  mkdirSync(directory.path, { recursive: true, mode: 0o700 })
  mkdirSync(directory.mount)
  // `mkdir` applies the umask, and the job may run as any user.
  chmodSync(directory.mount, 0o777)
  writeFileSync(`${directory.claimFile}.new`, JSON.stringify(claim), { mode: 0o600 })
  renameSync(`${directory.claimFile}.new`, directory.claimFile)
  return directory
}

/** The claim that made the directory; undefined when there is none, or making it was not finished. */
export async function readClaim(directory: TaskDirectory): Promise<StoredClaim | undefined> {
  try {
    return Stored.parse(JSON.parse(await readFile(directory.claimFile, 'utf8')))
  } catch {
    return undefined
  }
}

export async function listTaskDirectories(dataDir: string): Promise<string[]> {
  const entries = await readdir(join(dataDir, 'tasks'), { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
}

export async function removeTaskDirectory(driver: DirectoryOpener, directory: TaskDirectory): Promise<void> {
  const remove = () => rm(directory.path, { recursive: true, force: true, maxRetries: 3 })
  try {
    await remove()
  } catch (error) {
    if (!isRefused(error)) throw error
    await driver.openDirectory?.(directory.path)
    await remove()
  }
}

/** What lies there belongs to the users of the job; only root may read and remove it all the same. */
export type DirectoryOpener = Pick<Driver, 'openDirectory'>

function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM')
}

/**
 * Removes everything from the mounted part that is neither file nor directory. The host reads the spool after the
 * place has ended, with the runner's rights: a link that the job left there must not lead it to the host's files.
 */
export async function removeTraps(driver: DirectoryOpener, directory: TaskDirectory): Promise<void> {
  if (process.getuid?.() !== 0) await driver.openDirectory?.(directory.path)
  const open = [directory.mount]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const full = join(path, entry.name)
      if (entry.isDirectory()) open.push(full)
      else if (!entry.isFile() && !isOurSocket(directory, full, entry.isSocket())) await rm(full, { force: true })
    }
  }
}

function isOurSocket(directory: TaskDirectory, path: string, isSocket: boolean): boolean {
  return isSocket && path === join(directory.mount, 'gateway.sock')
}
