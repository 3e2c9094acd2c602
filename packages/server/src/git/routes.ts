import { OrreryError } from '@orrery/protocol'
import { z } from 'zod'
import { actorOf } from '../auth/actor.ts'
import { setAccess } from '../auth/guard.ts'
import type { App } from '../http/app.ts'
import { takeRawBodies } from '../http/raw-body.ts'
import type { Services } from '../services.ts'
import { type GitService, serveGit } from './http-backend.ts'
import { isSlug } from './slug.ts'

const Params = z.object({ '*': z.string() })
const Query = z.object({ service: z.string().optional() })

/** Where people clone from and push to: `/git/<slug>.git`. */
export async function gitRoutes(app: App, services: Services): Promise<void> {
  setAccess(app, 'git')
  takeRawBodies(app)
  app.route({
    method: ['GET', 'POST'],
    url: '/git/*',
    schema: { params: Params, querystring: Query },
    handler: async (request, reply) => {
      const address = parseGitAddress(request.method, request.params['*'], request.query.service)
      const project = address && (await services.engine.projectBySlug(address.slug))
      if (!address || !project) throw new OrreryError('ORY_NOT_FOUND', ['Repository'])
      const { login } = actorOf(request)
      const common = { root: services.gitRoot, login, ...address }
      if (address.service === 'git-upload-pack') return serveGit(request, reply, common)
      const push = services.pushes.follow(project, login)
      return serveGit(request, reply, {
        ...common,
        hooks: {
          folder: services.hooksFolder,
          listener: push,
          ended: () => services.background(push.settle()),
        },
      })
    },
  })
}

export interface GitAddress {
  slug: string
  path: string
  service: GitService
}

/** Takes the three smart addresses apart; null for everything else, such as a repository's own files. */
export function parseGitAddress(method: string, path: string, service: string | undefined): GitAddress | null {
  const match = /^(.{1,320})\.git\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(path)
  if (!match) return null
  const [, slug, rest] = match as unknown as [string, string, string]
  if (!isSlug(slug)) return null
  const wanted = rest === 'info/refs' ? service : rest
  if (wanted !== 'git-upload-pack' && wanted !== 'git-receive-pack') return null
  if (method !== (rest === 'info/refs' ? 'GET' : 'POST')) return null
  return { slug, path: rest, service: wanted }
}
