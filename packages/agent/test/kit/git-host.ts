import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerGit } from './git-server.ts'

export interface GitHost {
  url: string
  requests: { url: string; headers: IncomingHttpHeaders }[]
  close(): Promise<void>
}

/** A git host of somebody else: serves the repositories below `root` to whoever brings `login` (`user:password`). */
export async function startGitHost(root: string, login: string): Promise<GitHost> {
  const requests: GitHost['requests'] = []
  const wanted = `Basic ${Buffer.from(login).toString('base64')}`
  const server = createServer(async (request, response) => {
    const url = request.url ?? ''
    requests.push({ url, headers: request.headers })
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    if (request.headers.authorization !== wanted) {
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end()
    }
    await answerGit(root, url, request, response, Buffer.concat(parts))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
