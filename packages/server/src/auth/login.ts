import { OrreryError } from '@orrery/protocol'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { App } from '../http/app.ts'
import type { Services } from '../services.ts'
import { sendApp } from '../web/routes.ts'
import { isOwnOrigin } from './forgery.ts'
import { sessionCookie } from './guard.ts'

const sessionDays = 30

/**
 * `GET /login?token=` is the one address that carries a token: `orrery up` prints it, the browser leaves it at once, and
 * the request log drops all query strings. `POST /api/private/login` is for the web page's own form.
 */
export async function loginRoutes(app: App, services: Services): Promise<void> {
  const rateLimit = { max: 30, timeWindow: '1 minute' }
  app.get(
    '/login',
    { config: { access: 'public', rateLimit }, schema: { querystring: z.object({ token: z.string().optional() }) } },
    async (request, reply) => {
      // Without a token it is a page of the web app.
      if (request.query.token === undefined) return sendApp(reply, services)
      logIn(request.query.token, reply, services)
      return reply.header('cache-control', 'no-store').redirect('/', 303)
    },
  )
  app.post(
    '/api/private/login',
    { config: { access: 'public', rateLimit }, schema: { body: z.object({ token: z.string() }) } },
    async (request, reply) => {
      const origin = request.headers.origin
      if (origin !== undefined && !isOwnOrigin(origin, request, services.publicUrl()))
        throw new OrreryError('ORY_FORBIDDEN')
      const login = logIn(request.body.token.trim(), reply, services)
      return { login, admin: true }
    },
  )
  app.post('/api/private/logout', { config: { access: 'user' } }, async (_request, reply) => {
    return reply.clearCookie(sessionCookie, { path: '/' }).code(204).send()
  })
}

function logIn(token: string, reply: FastifyReply, services: Services): string {
  const principal = services.tokens.verify(token)
  if (principal?.kind !== 'user') throw new OrreryError('ORY_TOKEN_INVALID')
  const expires = new Date(services.clock.now().getTime() + sessionDays * 24 * 3600 * 1000)
  reply.setCookie(sessionCookie, services.tokens.session(principal.login, expires), {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure: services.publicUrl().startsWith('https:'),
    expires,
  })
  return principal.login
}
