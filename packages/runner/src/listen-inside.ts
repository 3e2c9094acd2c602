import { closeSync, lstatSync, openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Server } from 'node:net'
import { basename, dirname } from 'node:path'

/**
 * Binds a server to a socket in a directory that a job sees, with mode 0777. Two traps: an address of a unix socket has
 * room for 107 bytes only, and the directory is the job's, so nothing here may follow a link in it. The path through
 * the open directory is short, and the mode comes from the umask in the same turn, because `chmod` afterwards would
 * follow whatever lies there by then. A file that is there already is replaced.
 *
 * The directory stays open as long as the server: its end removes the socket under the path it was bound to, and that
 * number must not mean another directory by then.
 *
 * A job waits for it, so what is short is done at once. What is in the way, though, a job may have made as large as it likes.
 */
export async function listenInside(server: Server, socketPath: string): Promise<void> {
  const isTaken = lstatSync(socketPath, { throwIfNoEntry: false }) !== undefined
  if (isTaken) await rm(socketPath, { recursive: true, force: true })
  const directory = openSync(dirname(socketPath), 'r')
  const listening = new Promise<void>((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', reject)
  })
  const before = process.umask(0)
  server.listen(`/proc/self/fd/${directory}/${basename(socketPath)}`)
  process.umask(before)
  try {
    await listening
    server.once('close', () => closeSync(directory))
  } catch (error) {
    closeSync(directory)
    throw error
  }
}
