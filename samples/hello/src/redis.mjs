// A Redis client: commands go out as arrays of strings, replies come back in order.
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** Connects, and keeps trying for ten seconds: a service container may start later than the job. */
export async function openRedis({ host = 'localhost', port = 6379 } = {}) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openOnce(host, port)
    } catch (error) {
      if (attempt === 100) throw error
      await wait(100)
    }
  }
}

function openOnce(host, port) {
  return new Promise((resolve, reject) => {
    const waiting = []
    let received = ''
    const socket = connect(port, host, () => resolve({ send, close: () => socket.end() }))
    // One letter per byte, as Redis counts bytes.
    socket.setEncoding('latin1')
    socket.on('error', (error) => {
      reject(error)
      for (const { fail } of waiting.splice(0)) fail(error)
    })
    socket.on('data', (text) => {
      received += text
      for (let reply = readReply(received); reply; reply = readReply(received)) {
        received = received.slice(reply.length)
        const { done, fail } = waiting.shift()
        if (reply.error) fail(new Error(reply.error))
        else done(reply.value)
      }
    })

    function send(...words) {
      const lines = words.map((word) => `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`)
      socket.write(`*${words.length}\r\n${lines.join('')}`)
      return new Promise((done, fail) => waiting.push({ done, fail }))
    }
  })
}

/** Reads one reply (text, error, number or string) off the front; undefined while it is incomplete. */
export function readReply(text) {
  const end = text.indexOf('\r\n')
  if (end < 0) return undefined
  const line = text.slice(1, end)
  const length = end + 2
  if (text[0] === '+') return { value: line, length }
  if (text[0] === '-') return { error: line, length }
  if (text[0] === ':') return { value: Number(line), length }
  if (line === '-1') return { value: null, length }
  const total = length + Number(line) + 2
  if (text.length < total) return undefined
  return { value: Buffer.from(text.slice(length, total - 2), 'latin1').toString('utf8'), length: total }
}
