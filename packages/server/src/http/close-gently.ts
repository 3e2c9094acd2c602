import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { App } from './app.ts'

const sweepMs = 50

/**
 * A way to close the application: requests that are under way get `graceMs` to finish. Connections without one are
 * closed at once; left alone they would keep the process up until their keep-alive time is over. Node's own
 * `closeIdleConnections` leaves those that never sent a request, and clients open such ones in advance.
 */
export function gentleClose(app: App): (graceMs: number) => Promise<void> {
  const quiet = new Set<Socket>()
  app.server.on('connection', (socket: Socket) => {
    quiet.add(socket)
    socket.once('close', () => quiet.delete(socket))
  })
  app.server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    quiet.delete(socket)
    response.once('close', () => {
      if (!socket.destroyed) quiet.add(socket)
    })
  })
  return async (graceMs) => {
    const sweep = setInterval(() => {
      for (const socket of quiet) socket.destroy()
    }, sweepMs)
    const deadline = setTimeout(() => app.server.closeAllConnections(), graceMs)
    try {
      await app.close()
    } finally {
      clearInterval(sweep)
      clearTimeout(deadline)
    }
  }
}
