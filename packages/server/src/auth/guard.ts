import { OrreryError } from '@orrery/protocol'
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { App } from '../http/app.ts'
import type { Clock } from '../settings.ts'
import { credentialsOf } from './credentials.ts'
import { isForgery } from './forgery.ts'
import type { Principal, Tokens } from './tokens.ts'

/**
 * Who may call a route: `public` nobody is asked, `git` a person by Basic (answers 401 with a challenge, which is what
 * makes git ask for a password), the others exactly the named kind of token.
 */
export type Access = 'public' | 'user' | 'git' | 'runner' | 'task'

export const sessionCookie = 'orrery_session'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
  }
  interface FastifyRequest {
    principal: Principal | null
  }
  interface FastifyInstance {
    /** Every registered route with who may call it; a test walks it. */
    accessTable: { method: string; url: string; access: Access }[]
  }
}

interface GuardDeps {
  tokens: Tokens
  clock: Clock
  publicUrl: () => string
}

/**
 * Puts one check before every route. A route that does not say who may call it keeps the server from starting, so a
 * forgotten check cannot ship.
 */
export function addGuard(app: App, deps: GuardDeps): void {
  const routes: RouteOptions[] = []
  app.decorate('accessTable', [])
  app.decorateRequest('principal', null)
  app.addHook('onRoute', (route) => void routes.push(route))
  app.addHook('onReady', async () => {
    app.accessTable = routes.flatMap((route) => {
      const access = route.config?.access
      if (!access) throw new Error(`route ${route.method} ${route.url} does not say who may call it`)
      return [route.method].flat().map((method) => ({ method, url: route.url, access }))
    })
  })
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404) return
    const access = request.routeOptions.config.access
    if (access === 'public') return
    request.principal = authenticate(request, reply, access ?? 'user', deps)
  })
}

/** Sets who may call the routes of one surface, where a route does not say otherwise. */
export function setAccess(app: App, access: Access): void {
  app.addHook('onRoute', (route) => {
    route.config = { access, ...route.config }
  })
}

function authenticate(request: FastifyRequest, reply: FastifyReply, access: Access, deps: GuardDeps): Principal {
  const given = credentialsOf(request.headers)
  const cookie = given.length === 0 ? request.cookies[sessionCookie] : undefined
  const principal =
    cookie === undefined ? firstValid(given, deps.tokens) : deps.tokens.verifySession(cookie, deps.clock.now())
  if (!principal) {
    if (access === 'git') reply.header('www-authenticate', 'Basic realm="Orrery", charset="UTF-8"')
    throw new OrreryError(given.length === 0 ? 'ORY_UNAUTHENTICATED' : 'ORY_TOKEN_INVALID')
  }
  if (principal.kind !== (access === 'git' ? 'user' : access)) throw new OrreryError('ORY_FORBIDDEN')
  if (cookie !== undefined && isForgery(request, deps.publicUrl())) throw new OrreryError('ORY_FORBIDDEN')
  return principal
}

function firstValid(given: string[], tokens: Tokens): Principal | null {
  for (const token of given) {
    const principal = tokens.verify(token)
    if (principal) return principal
  }
  return null
}
