import { expect, it } from 'vitest'
import { readEventStream } from './sse.ts'

async function collect(text: string, chunk: number) {
  async function* body() {
    const bytes = new TextEncoder().encode(text)
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk)
  }
  const messages = []
  for await (const message of readEventStream(body())) messages.push(message)
  return messages
}

it.each([1, 3, 7, 1000])('reads the same messages whatever the chunks are (%i bytes)', async (chunk) => {
  const text = ': hello\n\nid: 4\ndata: {"a":"ä"}\n\nevent: end\ndata: one\ndata: two\n\ndata: cut'

  expect(await collect(text, chunk)).toEqual([
    { event: 'message', id: '4', data: '{"a":"ä"}' },
    { event: 'end', id: null, data: 'one\ntwo' },
  ])
})
