import type { Server } from '../../src/index.ts'

export interface Answer {
  status: number
  headers: Headers
  text: string
  json: () => unknown
}

/** Calls one server with one token. */
export function apiOf(server: Server, token: string | null) {
  return async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const raw = body instanceof Uint8Array
    const response = await fetch(new URL(path, server.url), {
      method,
      redirect: 'manual',
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': raw ? 'application/octet-stream' : 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) as unknown }
  }
}
export type Api = ReturnType<typeof apiOf>

export interface SseMessage {
  id?: string
  event?: string
  data?: string
}

/** Reads an event stream message by message until it ends or the caller leaves the loop. */
export async function* eventStream(
  server: Server,
  token: string,
  path: string,
  headers: Record<string, string> = {},
): AsyncGenerator<SseMessage> {
  const abort = new AbortController()
  try {
    const response = await fetch(new URL(path, server.url), {
      signal: abort.signal,
      headers: { authorization: `Bearer ${token}`, ...headers },
    })
    if (!response.ok || !response.body) throw new Error(`${response.status} ${await response.text()}`)
    let rest = ''
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      rest += chunk
      const blocks = rest.split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) yield parse(block)
    }
  } finally {
    abort.abort()
  }
}

function parse(block: string): SseMessage {
  const message: SseMessage = {}
  for (const line of block.split('\n')) {
    const [name, value = ''] = line.split(/: (.*)/s)
    if (name === 'id' || name === 'event' || name === 'data') message[name] = value
  }
  return message
}
