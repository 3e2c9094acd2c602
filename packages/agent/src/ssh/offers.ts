import { request } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** Pause after the gateway broke an offer, ms. A runner that restarts is back within seconds. */
const pauseMs = 1_000

/**
 * Keeps one connection to the gateway on offer until `signal` fires; each that the runner joins to an SSH client goes
 * to `attach`, and the next one is offered (runner: ssh-door.ts).
 */
export async function offerConnections(
  gatewayPath: string,
  attach: (socket: Socket) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const socket = await offer(gatewayPath, signal)
    if (socket !== undefined) attach(socket)
    else await delay(pauseMs, undefined, { signal }).catch(() => undefined)
  }
}

function offer(gatewayPath: string, signal: AbortSignal): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const outgoing = request({
      socketPath: gatewayPath,
      path: '/ssh',
      headers: { host: 'gateway', connection: 'Upgrade', upgrade: 'orrery-ssh' },
      signal,
    })
    outgoing.once('upgrade', (_response, socket, head) => {
      if (head.length > 0) socket.unshift(head)
      resolve(socket)
    })
    outgoing.once('response', (response) => {
      response.resume()
      resolve(undefined)
    })
    outgoing.once('error', () => resolve(undefined))
    outgoing.end()
  })
}
