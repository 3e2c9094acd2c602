/** One message of an event stream. */
export interface SseMessage {
  event: string
  data: string
  id: string | null
}

/** Parses a `text/event-stream` body; ends when the body ends. Comments (heartbeats) are skipped. */
export async function* readEventStream(body: AsyncIterable<Uint8Array>): AsyncGenerator<SseMessage> {
  const decoder = new TextDecoder()
  let buffer = ''
  for await (const bytes of body) {
    buffer += decoder.decode(bytes, { stream: true })
    let end = buffer.indexOf('\n\n')
    while (end >= 0) {
      const message = parseMessage(buffer.slice(0, end))
      if (message) yield message
      buffer = buffer.slice(end + 2)
      end = buffer.indexOf('\n\n')
    }
  }
}

function parseMessage(block: string): SseMessage | null {
  let event = 'message'
  let id: string | null = null
  const data: string[] = []
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':')
    if (colon === 0) continue
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') event = value
    else if (field === 'id') id = value
    else if (field === 'data') data.push(value)
  }
  return data.length > 0 || event !== 'message' ? { event, data: data.join('\n'), id } : null
}
