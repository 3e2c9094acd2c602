import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import fastifyStatic from '@fastify/static'
import fastify, { type FastifyRequest } from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { agentRoutes } from '../agent-api/routes.ts'
import { v1Routes } from '../api-v1/routes.ts'
import { v2Routes } from '../api-v2/routes.ts'
import { addGuard } from '../auth/guard.ts'
import { loginRoutes } from '../auth/login.ts'
import { gitRoutes } from '../git/routes.ts'
import { oidcRoutes } from '../oidc/routes.ts'
import { privateRoutes } from '../private-api/routes.ts'
import { runnerRoutes } from '../runner-api/routes.ts'
import type { Services } from '../services.ts'
import type { ServerSettings } from '../settings.ts'
import { webRoutes } from '../web/routes.ts'
import type { App } from './app.ts'
import { addErrorHandler } from './errors.ts'
import { takeLenientJson } from './json-body.ts'

const bodyLimit = 1024 * 1024

/** The bare application: only its logger is of use before `addSurfaces`. */
export function createApp(settings: Pick<ServerSettings, 'logLevel' | 'logFile'>): App {
  const app = fastify({
    bodyLimit,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    // Slugs and artifact names are longer than the default of 100.
    routerOptions: { maxParamLength: 1000 },
    logger: {
      level: settings.logLevel ?? 'warn',
      ...(settings.logFile === undefined ? { stream: process.stderr } : { file: settings.logFile }),
      redact: ['req.headers.authorization', 'req.headers.cookie', 'req.headers["circle-token"]'],
      // Without the query: `/login?token=` carries a token.
      serializers: { req: describeRequest },
    },
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  return app
}

/** Puts every surface under its path. The guard comes first: it sees every route that follows. */
export async function addSurfaces(app: App, services: Services): Promise<void> {
  addErrorHandler(app)
  takeLenientJson(app)
  await app.register(cookie)
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        // The app sets colours and sizes on elements; it loads no style from elsewhere.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        manifestSrc: ["'self'"],
        workerSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    // The operator's proxy decides about TLS; a header from plain http would be ignored anyway.
    strictTransportSecurity: services.publicUrl().startsWith('https:'),
  })
  await app.register(rateLimit, { global: false })
  addGuard(app, services)
  if (services.webDir !== null) await app.register(fastifyStatic, { root: services.webDir, serve: false })

  const mount = (prefix: string, surface: (app: App, services: Services) => Promise<void>) =>
    app.register(async (scope) => surface(scope.withTypeProvider<ZodTypeProvider>(), services), { prefix })
  await mount('', loginRoutes)
  await mount('/api/private', privateRoutes)
  await mount('/api/v1.1', v1Routes)
  await mount('/api/v2', v2Routes)
  await mount('/api/runner/v1', runnerRoutes)
  await mount('/api/agent/v1/tasks/:taskId', agentRoutes)
  await mount('/oidc', oidcRoutes)
  await mount('', gitRoutes)
  await mount('', webRoutes)
}

function describeRequest(request: FastifyRequest) {
  return { method: request.method, path: request.url.split('?', 1)[0], remoteAddress: request.ip }
}
