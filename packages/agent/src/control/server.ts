import { chmodSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { type ControlAnswer, ControlRequest } from './messages.ts'

export interface ControlServer {
  close(): void
}

/** Does what the helper asks for. An error is told to the helper in its own words. */
export type ControlHandler = (request: ControlRequest) => Promise<ControlAnswer>

/** Longer than any request (a suite's list of tests); a client that sends more is not ours. */
const maxRequestBytes = 32 * 1024 * 1024

/** Listens for the in-job helper. Steps may run as several users, so everybody in the place may connect. */
export async function openControl(path: string, handle: ControlHandler): Promise<ControlServer> {
  const server = createServer((socket) => serve(socket, handle))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  chmodSync(path, 0o777)
  return { close: () => server.close() }
}

function serve(socket: Socket, handle: ControlHandler): void {
  let text = ''
  let asked = false
  socket.setEncoding('utf8')
  socket.on('error', () => socket.destroy())
  socket.on('data', (part: string) => {
    if (asked) return
    const end = part.indexOf('\n')
    text += end === -1 ? part : part.slice(0, end)
    if (end === -1) {
      if (text.length > maxRequestBytes) socket.destroy()
      return
    }
    asked = true
    const request = parse(text)
    const answer: Promise<ControlAnswer> = request ? handle(request) : Promise.resolve({ ok: false })
    answer
      .catch((error: unknown): ControlAnswer => ({ ok: false, error: error instanceof Error ? error.message : '' }))
      .then((found) => socket.end(`${JSON.stringify(found)}\n`))
  })
}

function parse(line: string): ControlRequest | undefined {
  try {
    return ControlRequest.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}
