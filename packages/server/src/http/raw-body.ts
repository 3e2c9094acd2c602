import type { Readable } from 'node:stream'
import type { App } from './app.ts'

/**
 * Hands every request body of this surface on as the stream it is, so that a gigabyte costs no memory. Handlers bound
 * what they read themselves.
 */
export function takeRawBodies(app: App): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
}

/** The body's bytes; none when the request had no body (then the server framework made no stream). */
export async function* bodyBytes(body: unknown): AsyncGenerator<Uint8Array> {
  if (body) yield* body as Readable
}
