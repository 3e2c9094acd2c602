import { type FileHandle, open } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { dirname } from 'node:path'
import { type JobSpec, withoutRegistryLogins } from '@orrery/protocol'
import type { ArchiveStore } from './archives/archive-store.ts'
import { type Answers, type Door, openDoor } from './door.ts'
import type { RemoteDocker } from './drivers/driver.ts'
import { answer, forwarder } from './forward.ts'
import { isPlacePath, servePlace } from './place-requests.ts'
import type { SshDoor } from './ssh-door.ts'

/**
 * The job's only door to the server: an HTTP server on a unix socket in the task's directory. It adds the task's
 * token, which therefore never enters the place, and forwards to this task's part of the agent API and nothing else.
 */
export interface Gateway {
  /** Settles at the first request: the agent is up. */
  readonly contacted: Promise<void>
  /** Opens a path of the task's directory under which a program on the host can connect to the socket, however deep it is. */
  hostDirectory(): Promise<string>
  /** Serves this door as well: that of a place which was made ahead. It is closed with the gateway. */
  answerAt(door: Door): void
  /** Serves requests for an engine from now on; before, they are refused. */
  offerRemoteDocker(remoteDocker: RemoteDocker): void
  /** Safe to repeat. */
  close(): Promise<void>
}

export interface GatewayOptions {
  socketPath: string
  serverUrl: string
  taskId: string
  taskToken: string
  /** Answered from memory until the agent's first events; absent after an adoption (secrets are not stored). */
  spec?: JobSpec
  /** The way for people's SSH clients into the job; the gateway closes it with itself. */
  sshDoor?: SshDoor | undefined
  /** Archives that need no second download. */
  archives?: ArchiveStore | undefined
}

/** Listens before it resolves; a socket file that an earlier runner left is replaced. */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { promise: contacted, resolve: contact } = Promise.withResolvers<void>()
  const forward = forwarder(options)
  let remoteDocker: RemoteDocker | undefined
  let spec = options.spec === undefined ? undefined : JSON.stringify(withoutRegistryLogins(options.spec))

  const answers: Answers = {
    request(incoming, outgoing) {
      contact()
      const path = incoming.url ?? ''
      if (!isSafePath(path)) return answer(outgoing, 400, 'this path is not served')
      if (spec !== undefined && incoming.method === 'GET' && path === '/spec') {
        outgoing.writeHead(200, { 'content-type': 'application/json' }).end(spec)
        return
      }
      if (path === sshPath && incoming.method === 'GET') return tellSshAddress(outgoing, options.sshDoor)
      if (isPlacePath(path)) return void servePlace(remoteDocker, incoming, outgoing)
      // The server answers 410 for the spec from the first event on; so do we, by asking it.
      if (path === '/events') spec = undefined
      void forward(incoming, outgoing)
    },
    upgrade(incoming, socket) {
      if (incoming.url === sshPath && options.sshDoor !== undefined) options.sshDoor.offer(socket)
      else socket.destroy()
    },
  }
  const doors = [await openDoor(options.socketPath)]
  doors[0]?.give(answers)
  let directory: Promise<FileHandle> | undefined
  const close = async (): Promise<void> => {
    options.sshDoor?.close()
    await Promise.all(doors.map((door) => door.close()))
    await (await directory)?.close()
  }
  let closed: Promise<void> | undefined
  return {
    contacted,
    async hostDirectory() {
      const path = dirname(options.socketPath)
      if (fits(options.socketPath)) return path
      // Opened when it is asked for: a place that was made ahead brings a directory of its own, which takes this name.
      directory ??= open(path)
      return `/proc/${process.pid}/fd/${(await directory).fd}`
    },
    answerAt(door) {
      doors.push(door)
      door.give(answers)
    },
    offerRemoteDocker(offered) {
      remoteDocker = offered
    },
    close() {
      closed ??= close()
      return closed
    },
  }
}

/** Answered here: `GET` tells where SSH clients reach the job, an upgrade takes the next one (ssh-door.ts). */
const sshPath = '/ssh'

function tellSshAddress(outgoing: ServerResponse, door: SshDoor | undefined): void {
  if (door === undefined) answer(outgoing, 404, 'this runner has no port for SSH')
  else outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(door.address))
}

/** Room for the path in the address of a unix socket, with its closing zero byte. */
function fits(socketPath: string): boolean {
  return Buffer.byteLength(socketPath) < 108
}

/** Only plain absolute paths: no way out of the task's part of the API by dots, backslashes or their encodings. */
export function isSafePath(url: string): boolean {
  if (!url.startsWith('/') || url.startsWith('//')) return false
  const path = url.split('?', 1)[0] ?? ''
  if (/[\\\0]|%2f|%5c|%00/i.test(path)) return false
  return path.split('/').every((segment) => !/^(?:\.|%2e){1,2}$/i.test(segment))
}
