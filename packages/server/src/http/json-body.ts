import { z } from 'zod'
import type { App } from './app.ts'

/**
 * JSON as clients really send it: with any charset, and empty bodies under a JSON content type, which mean `{}`
 * (api.md 1.2). Objects that name `__proto__` or `constructor` are refused.
 */
export function takeLenientJson(app: App): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') return done(null, {})
    return parse(request, body as string, done)
  })
}

/** A body that may be absent. */
export function optionalBody<T extends z.ZodType>(schema: T) {
  return z.preprocess((body) => body ?? {}, schema)
}
