import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { OrreryError } from '@orrery/protocol'
import type { FastifyReply } from 'fastify'
import type { App } from '../http/app.ts'
import type { Services } from '../services.ts'

const notBuilt = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Orrery</title>
<h1>Orrery is running</h1>
<p>The web app is not built. Run <code>npm run build</code> and start the server again.</p>
</html>
`

/**
 * The web app: files of its folder, and its one page for every other address, so that a link into the app works when it
 * is opened afresh. It holds no data, so nobody is asked who they are.
 */
export async function webRoutes(app: App, services: Services): Promise<void> {
  const { webDir } = services
  app.get('/*', { config: { access: 'public' } }, async (request, reply) => {
    const path = (request.params as { '*': string })['*']
    if (/^(api|git)(\/|$)/.test(path)) throw new OrreryError('ORY_NOT_FOUND', [`/${path}`])
    if (webDir !== null && (await isFile(webDir, path))) return sendAsset(reply, path)
    // A missing script must not come back as a page: the browser would report nonsense.
    if (path.startsWith('assets/')) throw new OrreryError('ORY_NOT_FOUND', [`/${path}`])
    return sendApp(reply, services)
  })
}

/** The app's one page, or a plain one that says it is not built. */
export function sendApp(reply: FastifyReply, services: Services): FastifyReply {
  reply.header('cache-control', 'no-cache')
  if (services.webDir === null) return reply.type('text/html; charset=utf-8').send(notBuilt)
  return reply.sendFile('index.html', { cacheControl: false })
}

/** The build puts a hash of its content into every name below `assets/`. */
function sendAsset(reply: FastifyReply, path: string): FastifyReply {
  const age = path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache'
  return reply.header('cache-control', age).sendFile(path, { cacheControl: false })
}

async function isFile(root: string, path: string): Promise<boolean> {
  if (path === '' || path.includes('\0') || path.split('/').some((part) => part === '..' || part.startsWith('.')))
    return false
  try {
    return (await stat(join(root, path))).isFile()
  } catch {
    return false
  }
}
