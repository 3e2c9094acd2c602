import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { LogAck, type LogReceipt, maxChunkBytes } from '@orrery/protocol'
import { createBackoff } from './backoff.ts'
import { isGone, isTransient, ServerRefusal, type TaskClient } from './server-client.ts'

export interface ShipOptions {
  client: TaskClient
  step: number
  /** Must give the same bytes from the start at every call: after a restart they are read again and skipped. */
  source: (signal: AbortSignal) => AsyncIterable<Uint8Array>
  /** Bytes after which the log is cut. */
  limit: number
  signal: AbortSignal
}

/** Bytes that wait for the server before the source is held back. */
const pendingBytes = 1024 * 1024
/** Chatty services write a line at a time; so long they are gathered, ms. */
const gatherMs = 100

/**
 * Sends a log by offset until its source ends or the limit is reached, and answers the receipt. Undefined when the
 * task is no longer ours, the signal aborted, or the server does not take the bytes.
 */
export async function shipLog(options: ShipOptions): Promise<LogReceipt | undefined> {
  const reading = new AbortController()
  const signal = AbortSignal.any([options.signal, reading.signal])
  const queue = createQueue(pendingBytes)
  const hash = createHash('sha256')
  let lines = 0
  let bytes = 0

  const read = (async () => {
    try {
      for await (const chunk of options.source(signal)) {
        const part = chunk.subarray(0, options.limit - bytes)
        hash.update(part)
        bytes += part.length
        for (const byte of part) if (byte === 0x0a) lines += 1
        await queue.push(part)
        if (bytes >= options.limit || signal.aborted) break
      }
    } finally {
      queue.end()
    }
  })()
  const sent = await send(options, queue)
  reading.abort()
  queue.end()
  await read.catch(() => undefined)
  return sent ? { bytes, lines, sha256: hash.digest('hex') } : undefined
}

async function send({ client, step, signal }: ShipOptions, queue: Queue): Promise<boolean> {
  const backoff = createBackoff()
  let offset = 0
  let stored = 0
  let refused = 0
  for (let chunk = await queue.take(); chunk !== undefined; chunk = await queue.take()) {
    for (let rest = chunk; rest.length > 0; ) {
      // Bytes that an earlier life of this runner has sent already.
      const known = Math.min(Math.max(stored - offset, 0), rest.length)
      rest = rest.subarray(known)
      offset += known
      if (rest.length === 0) break
      try {
        const part = rest.subarray(0, maxChunkBytes)
        stored = (await client.log(step, offset, part, signal)).size
        if (stored <= offset) throw new ServerRefusal('PUT log', 422, undefined)
        backoff.reset()
        refused = 0
      } catch (error) {
        if (signal.aborted || isGone(error) || lostBytes(error, offset)) return false
        // Not accepted as it is, e.g. after the server closed this log: asking for ever would hold up the task's end.
        if (!isTransient(error)) refused += 1
        if (refused >= mostRefusals) return false
        await backoff.pause(signal).catch(() => undefined)
      }
    }
    await Promise.race([queue.ended, delay(gatherMs, undefined, { signal, ref: false }).catch(() => undefined)])
  }
  return !signal.aborted
}

/** How often a chunk may be refused before the rest of the log is given up. */
const mostRefusals = 5

/** The server holds less than it acknowledged: these bytes are no longer in our hands. */
function lostBytes(error: unknown, offset: number): boolean {
  if (!(error instanceof ServerRefusal) || error.status !== 409) return false
  const ack = LogAck.safeParse(error.body)
  return ack.success && ack.data.size < offset
}

interface Queue {
  /** Resolves when there is room for more. */
  push(bytes: Uint8Array): Promise<void>
  end(): void
  readonly ended: Promise<void>
  /** Everything that waits, as one piece; undefined after the end. */
  take(): Promise<Uint8Array | undefined>
}

function createQueue(limit: number): Queue {
  let waiting: Uint8Array[] = []
  let size = 0
  let ended = false
  const { promise: end, resolve: resolveEnd } = Promise.withResolvers<void>()
  let changed = Promise.withResolvers<void>()
  const change = (): void => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  return {
    async push(bytes) {
      waiting.push(bytes)
      size += bytes.length
      change()
      while (size > limit && !ended) await changed.promise
    },
    ended: end,
    end() {
      ended = true
      resolveEnd()
      change()
    },
    async take() {
      while (waiting.length === 0 && !ended) await changed.promise
      if (waiting.length === 0) return undefined
      const all = Buffer.concat(waiting)
      waiting = []
      size = 0
      change()
      return all
    },
  }
}
