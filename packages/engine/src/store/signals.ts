import pg from 'pg'
import type { Channel } from './transaction.ts'

/** The slowest that anybody learns of news when every notice was lost. */
export const pollFloorMs = 2000

const channels: readonly Channel[] = ['orrery_work', 'orrery_cancel', 'orrery_events']
const reconnectMs = { first: 50, most: 2000 }

export interface Signals {
  /** Called on every notice of the channel, and with null when notices may have been missed. Returns unsubscribe. */
  subscribe(channel: Channel, listener: (payload: string | null) => void): () => void
  /**
   * Resolves at the first notice that `wanted` accepts, after `ms` (never more than the poll floor), or on `abort`.
   * Begins to listen at the call: call it, then look at the rows, then await it, and no notice falls between.
   */
  wait(channel: Channel, wanted: (payload: string) => boolean, ms: number, abort?: AbortSignal): Wait
  /** True from `close` on: whoever waits in a loop must leave it. */
  readonly closed: boolean
  close(): Promise<void>
}

export interface Wait {
  readonly done: Promise<void>
  cancel(): void
}

/** One dedicated connection that listens and comes back by itself. Resolves when it listens. */
export async function openSignals(databaseUrl: string): Promise<Signals> {
  const listeners = new Map<Channel, Set<(payload: string | null) => void>>(channels.map((name) => [name, new Set()]))
  let client: pg.Client | null = null
  let retry: NodeJS.Timeout | null = null
  let closed = false

  async function connect(): Promise<void> {
    const next = new pg.Client({ connectionString: databaseUrl, application_name: 'orrery listen', keepAlive: true })
    next.on('notification', ({ channel, payload }) => tell(channel as Channel, payload ?? ''))
    next.on('error', () => undefined)
    next.on('end', () => {
      if (client !== next) return
      client = null
      reconnect(reconnectMs.first)
    })
    await next.connect()
    for (const channel of channels) await next.query(`listen ${channel}`)
    client = next
  }

  function reconnect(delay: number): void {
    if (closed) return
    retry = setTimeout(() => {
      connect().then(
        () => (closed ? client?.end() : tellAll()),
        () => reconnect(Math.min(delay * 2, reconnectMs.most)),
      )
    }, delay)
  }

  function tell(channel: Channel, payload: string | null): void {
    for (const listener of [...(listeners.get(channel) ?? [])]) listener(payload)
  }

  function tellAll(): void {
    for (const channel of channels) tell(channel, null)
  }

  function subscribe(channel: Channel, listener: (payload: string | null) => void): () => void {
    listeners.get(channel)?.add(listener)
    return () => void listeners.get(channel)?.delete(listener)
  }

  await connect()

  return {
    subscribe,
    get closed() {
      return closed
    },
    wait(channel, wanted, ms, abort) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(finish, Math.max(0, Math.min(ms, pollFloorMs)))
      const unsubscribe = subscribe(channel, (payload) => {
        if (payload === null || wanted(payload)) finish()
      })
      abort?.addEventListener('abort', finish)
      if (abort?.aborted || closed) finish()
      function finish(): void {
        clearTimeout(timer)
        unsubscribe()
        abort?.removeEventListener('abort', finish)
        resolve()
      }
      return { done: promise, cancel: finish }
    },
    async close() {
      closed = true
      if (retry) clearTimeout(retry)
      tellAll()
      const last = client
      client = null
      await last?.end()
    },
  }
}
