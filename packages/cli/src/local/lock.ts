import { rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { OrreryError } from '@orrery/protocol'

/**
 * Holds a directory for this process. The lock is a listening socket: it dies with the process, also by kill -9, so a
 * stale file never keeps anybody out.
 *
 * @throws OrreryError ORY_CONFLICT when another process holds it.
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const path = join(directory, 'lock.sock')
  if (await answers(path)) {
    throw new OrreryError('ORY_CONFLICT', [`another orrery is running in ${directory}`])
  }
  await rm(path, { force: true })
  const server = createServer((socket) => socket.destroy())
  await listen(server, path)
  server.unref()
  return () => new Promise((resolve) => server.close(() => resolve()))
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve())
  })
}
