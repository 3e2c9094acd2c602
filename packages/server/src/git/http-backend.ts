import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { OrreryError } from '@orrery/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { readCgiHead } from './cgi-head.ts'
import { listenToPush, type PushListener } from './push-channel.ts'
import { gitEnvironment } from './run.ts'

export type GitService = 'git-upload-pack' | 'git-receive-pack'

export interface BackendCall {
  /** Folder that holds `<slug>.git`. */
  root: string
  slug: string
  /** `info/refs` or the service's own name. */
  path: string
  service: GitService
  login: string
  /** For pushes. */
  hooks?: {
    folder: string
    listener: PushListener
    /** Git and its hooks are gone, however they ended. */
    ended: () => void
  }
}

/**
 * Serves one smart HTTP request by `git http-backend`, streaming both ways. Only the three smart addresses get here, so
 * no file of a repository is ever served by name. When the client goes away, git and its children end.
 */
export async function serveGit(request: FastifyRequest, reply: FastifyReply, call: BackendCall): Promise<FastifyReply> {
  const child = spawn('git', ['http-backend'], {
    env: environmentOf(request, call),
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    // A process group of its own: git starts children, and all of them have to end together.
    detached: true,
  })
  const stop = () => {
    if (child.pid !== undefined && child.exitCode === null) killGroup(child.pid)
  }
  reply.raw.on('close', stop)
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    if (complaint.length < 4096) complaint += chunk.toString()
  })
  child.on('exit', (code) => {
    if (code !== 0 && complaint) request.log.warn({ code, complaint }, 'git http-backend failed')
  })
  const channel = child.stdio[3] as Duplex
  if (call.hooks) {
    listenToPush(channel, call.hooks.listener, (error) => request.log.error({ err: error }, 'push failed'))
    channel.on('close', call.hooks.ended)
  } else channel.destroy()

  const started = once(child, 'spawn').catch((error: Error) => {
    throw new OrreryError('ORY_GIT', ['http-backend', error.message], { cause: error })
  })
  feed(request.body as Readable | undefined, child.stdin)
  await started
  const head = await readCgiHead(child.stdout)
  for (const [name, value] of head.headers) reply.header(name, value)
  return reply.code(head.status).send(child.stdout)
}

/** A client that breaks off mid-body closes git's input too; git then fails by itself. */
function feed(body: Readable | undefined, stdin: NodeJS.WritableStream & { end(): void }): void {
  if (!body) {
    stdin.end()
    return
  }
  pipeline(body, stdin).catch(() => undefined)
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGTERM')
  } catch {
    // It ended by itself in the meantime.
  }
}

function environmentOf(request: FastifyRequest, call: BackendCall): Record<string, string> {
  const headers = request.headers
  const environment: Record<string, string> = {
    ...gitEnvironment({
      'http.receivepack': call.hooks ? 'true' : 'false',
      'http.uploadpack': 'true',
      ...(call.hooks ? { 'core.hooksPath': call.hooks.folder } : {}),
    }),
    GIT_PROJECT_ROOT: call.root,
    GIT_HTTP_EXPORT_ALL: '1',
    PATH_INFO: `/${call.slug}.git/${call.path}`,
    QUERY_STRING: call.path === 'info/refs' ? `service=${call.service}` : '',
    REQUEST_METHOD: request.method,
    REMOTE_USER: call.login,
    REMOTE_ADDR: request.ip,
    CONTENT_TYPE: headers['content-type'] ?? '',
  }
  if (call.hooks) environment['ORRERY_PUSH'] = '3'
  if (headers['content-length']) environment['CONTENT_LENGTH'] = headers['content-length']
  if (headers['content-encoding']) environment['HTTP_CONTENT_ENCODING'] = headers['content-encoding']
  const protocol = headers['git-protocol']
  if (typeof protocol === 'string' && /^[\w=:.-]{1,100}$/.test(protocol)) environment['GIT_PROTOCOL'] = protocol
  return environment
}
