import { execFileSync, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Peer } from './peer.ts'

/** Runs git in `cwd` with a fixed identity; answers its output. */
export function git(cwd: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com', '-c', 'init.defaultBranch=main']
  const env = { PATH: process.env['PATH'], HOME: cwd, GIT_CONFIG_NOSYSTEM: '1' }
  return execFileSync('git', [...identity, ...args], {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()
}

/** Commits one file; answers the commit's id. */
export function commitFile(cwd: string, name: string, content: string): string {
  writeFileSync(join(cwd, name), content)
  git(cwd, 'add', '-A')
  git(cwd, 'commit', '-q', '-m', `change ${name}`)
  return git(cwd, 'rev-parse', 'HEAD')
}

/** Serves `<root>/<name>.git` and the like under /git/ of a peer, read only, as the server does. */
export function serveGit(peer: Peer, root: string): void {
  for (const method of ['GET', 'POST']) {
    peer.routes.push({
      method,
      path: /^\/git\//,
      handle: (request, response, body) =>
        answerGit(root, (request.url ?? '').slice('/git'.length), request, response, body),
    })
  }
}

/** One request to the repositories below `root`, answered by git's own backend. `url`: path and query below `root`. */
export function answerGit(
  root: string,
  url: string,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
): Promise<void> {
  return new Promise((resolve) => {
    const [path = '', query = ''] = url.split('?')
    const input = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
    const child = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env['PATH'],
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: path,
        QUERY_STRING: query,
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        CONTENT_LENGTH: String(input.length),
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        GIT_CONFIG_COUNT: '2',
        GIT_CONFIG_KEY_0: 'uploadpack.allowFilter',
        GIT_CONFIG_VALUE_0: 'true',
        GIT_CONFIG_KEY_1: 'uploadpack.allowAnySHA1InWant',
        GIT_CONFIG_VALUE_1: 'true',
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const out: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    child.on('close', () => {
      const all = Buffer.concat(out)
      const end = all.indexOf('\r\n\r\n')
      let status = 200
      for (const line of all.subarray(0, end).toString().split('\r\n')) {
        const [name = '', value = ''] = line.split(': ')
        if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10)
        else response.setHeader(name, value)
      }
      response.writeHead(status).end(all.subarray(end + 4))
      resolve()
    })
  })
}
