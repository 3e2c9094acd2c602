import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { answer } from './forward.ts'
import { listenInside } from './listen-inside.ts'

/** What answers the requests of one job. */
export interface Answers {
  request(incoming: IncomingMessage, outgoing: ServerResponse): void
  upgrade(incoming: IncomingMessage, socket: Duplex): void
}

/**
 * The HTTP server on the unix socket in a job's directory. It may listen before anybody knows whose job that will be: then
 * the agent's question for its task waits, and nothing else is answered.
 */
export interface Door {
  /** Resolves when the agent has asked for its task. */
  readonly asked: Promise<void>
  /** The agent that asked has gone, and no task was given. */
  readonly deserted: boolean
  /** From now on these answers; the question that waits comes first. */
  give(answers: Answers): void
  /** Hangs up on everybody. Safe to repeat. */
  close(): Promise<void>
}

/** A job opens as many connections as it likes; they are the whole runner's file descriptors. */
const mostConnections = 256

/** Listens before it resolves; a socket file that is there is replaced. */
export async function openDoor(socketPath: string): Promise<Door> {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>()
  let answers: Answers | undefined
  let waiting: { incoming: IncomingMessage; outgoing: ServerResponse } | undefined
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, (incoming, outgoing) => {
    if (answers !== undefined) return answers.request(incoming, outgoing)
    if (waiting !== undefined) return answer(outgoing, 503, 'there is no task yet')
    if (incoming.url !== '/spec') return answer(outgoing, 503, 'the agent has not asked for its task yet')
    waiting = { incoming, outgoing }
    ask()
  })
  server.on('upgrade', (incoming, socket) => {
    if (answers === undefined) socket.destroy()
    else answers.upgrade(incoming, socket)
  })
  server.maxConnections = mostConnections
  await listenInside(server, socketPath)
  let closed: Promise<void> | undefined
  return {
    asked,
    get deserted() {
      return answers === undefined && waiting?.outgoing.closed === true
    },
    give(given) {
      answers = given
      if (waiting !== undefined) given.request(waiting.incoming, waiting.outgoing)
      waiting = undefined
    },
    close() {
      closed ??= new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      return closed
    },
  }
}
