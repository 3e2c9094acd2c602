import type { FastifyReply } from 'fastify'

/** Fires when the connection is closed before the answer was sent whole. */
export function clientGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort()
  })
  return gone.signal
}
