import type { IncomingMessage, ServerResponse } from 'node:http'
import { OrreryError, RemoteDockerRequest } from '@orrery/protocol'
import type { RemoteDocker } from './drivers/driver.ts'
import { answer } from './forward.ts'

const startPath = '/place/remote-docker'
const endPath = '/place/remote-docker/end'
/** A request for an engine is some words long. */
const longestRequest = 4096

/** What a job asks of its runner, not of the server (protocol: place.ts). */
export function isPlacePath(path: string): boolean {
  return path === startPath || path === endPath
}

export async function servePlace(
  remoteDocker: RemoteDocker | undefined,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  try {
    if (incoming.method !== 'POST') return answer(outgoing, 405, 'only POST is served here')
    if (remoteDocker === undefined) return answer(outgoing, 503, 'this place cannot have a remote Docker engine')
    let text = ''
    for await (const chunk of incoming) {
      text += String(chunk)
      if (text.length > longestRequest) return answer(outgoing, 413, 'the request is too long')
    }
    const request = RemoteDockerRequest.parse(JSON.parse(text))
    const result = incoming.url === endPath ? await remoteDocker.end() : await remoteDocker.start(request)
    outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result))
  } catch (error) {
    const isBad = error instanceof OrreryError && error.code === 'ORY_BAD_REQUEST'
    const isUnreadable = error instanceof SyntaxError || (error instanceof Error && error.name === 'ZodError')
    if (isUnreadable) return answer(outgoing, 400, 'the request cannot be read')
    answer(outgoing, isBad ? 400 : 503, error instanceof Error ? error.message : String(error))
  }
}
