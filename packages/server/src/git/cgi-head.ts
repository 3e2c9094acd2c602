import type { Readable } from 'node:stream'
import { OrreryError } from '@orrery/protocol'

export interface CgiHead {
  status: number
  headers: [string, string][]
}

const maxHeadBytes = 16 * 1024

/** Reads a CGI program's header lines and leaves the stream, paused, at the first byte of the body. */
export async function readCgiHead(output: Readable): Promise<CgiHead> {
  let head = Buffer.alloc(0)
  while (head.length < maxHeadBytes) {
    const chunk = output.read() as Buffer | null
    if (chunk === null) {
      if (output.readableEnded || output.destroyed) break
      await nextChange(output)
      continue
    }
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) continue
    const rest = head.subarray(end + 4)
    if (rest.length > 0) output.unshift(rest)
    return parseHead(head.subarray(0, end).toString('latin1'))
  }
  throw new OrreryError('ORY_GIT', ['http-backend', 'it gave no answer'])
}

function parseHead(text: string): CgiHead {
  const head: CgiHead = { status: 200, headers: [] }
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon < 0) continue
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (name === 'status') head.status = Number.parseInt(value, 10) || 500
    else head.headers.push([name, value])
  }
  return head
}

function nextChange(output: Readable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of ['readable', 'end', 'close', 'error']) output.off(event, done)
      resolve()
    }
    for (const event of ['readable', 'end', 'close', 'error']) output.on(event, done)
  })
}
