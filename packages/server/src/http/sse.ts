import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { clientGone } from './client-gone.ts'

/** A stream that says nothing for longer is cut by some proxies. */
export const heartbeatMs = 15_000
export const heartbeat = ': still here\n\n'

/** One message of an event stream. */
export function message(data: unknown, options: { id?: string; event?: string } = {}): string {
  const id = options.id === undefined ? '' : `id: ${options.id}\n`
  const event = options.event === undefined ? '' : `event: ${options.event}\n`
  return `${id}${event}data: ${JSON.stringify(data)}\n\n`
}

/**
 * Answers with an event stream. `produce` yields whole messages and ends when `signal` fires (client gone or server
 * closing); it is asked for the next one only when the connection took the last, so a slow reader costs no memory.
 */
export function sendEventStream(
  reply: FastifyReply,
  closing: AbortSignal,
  produce: (signal: AbortSignal) => AsyncGenerator<string>,
): FastifyReply {
  const signal = AbortSignal.any([closing, clientGone(reply)])
  const stream = Readable.from(withGreeting(produce(signal)), { objectMode: false, highWaterMark: 64 * 1024 })
  return reply
    .header('content-type', 'text/event-stream; charset=utf-8')
    .header('cache-control', 'no-store')
    .header('x-accel-buffering', 'no')
    .send(stream)
}

/** The first bytes make the headers leave at once; `retry` is how soon a browser comes back (milliseconds). */
async function* withGreeting(messages: AsyncGenerator<string>): AsyncGenerator<string> {
  yield 'retry: 2000\n\n'
  yield* messages
}
