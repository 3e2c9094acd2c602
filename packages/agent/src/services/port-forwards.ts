import { connect, createServer, type Server } from 'node:net'
import type { PlaceInfo } from '@orrery/protocol'

/**
 * Makes named service containers reachable on 127.0.0.1 too (spec: execution.md 4.4): listens on each port that is free
 * in the place and pipes to the service. A port that is taken stays with whoever has it.
 */
export function openForwards(forwards: PlaceInfo['forwards']): { close(): void } {
  const servers = forwards.map(({ host, port }) => forward(host, port))
  return {
    close() {
      for (const server of servers) server.close()
    },
  }
}

function forward(host: string, port: number): Server {
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ host, port, allowHalfOpen: true })
    const end = (): void => {
      near.destroy()
      far.destroy()
    }
    near.on('error', end)
    far.on('error', end)
    near.pipe(far).pipe(near)
  })
  // Taken, or not allowed: two services with the same port, or a program of the image.
  server.on('error', () => server.close())
  server.listen(port, '127.0.0.1')
  return server
}
