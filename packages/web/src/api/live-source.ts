import type { Connection, ConnectionEvent } from './connection.ts'
import { initialConnection, nextConnection } from './connection.ts'

export type LiveOptions = {
  /** Asked before each connection, so that the address can carry the offset reached. */
  url: () => string
  /** Answering `reconnect` drops the connection and makes a new one at once. */
  onMessage: (data: string) => 'reconnect' | undefined
  onConnection?: (connection: Connection) => void
}

/** A tab that nobody looks at gives its connection back: browsers allow few per server. */
const hiddenMs = 30_000

/**
 * An EventSource that comes back by itself: after errors that a plain one treats as final, with growing pauses, and at
 * once when the machine is online again. The message `event: end` ends it for good. Answers the function that closes it.
 */
export function openLive(options: LiveOptions): () => void {
  let connection: Connection = initialConnection
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let hideTimer: ReturnType<typeof setTimeout> | undefined

  function drop(): void {
    source?.close()
    source = undefined
    clearTimeout(timer)
  }

  function apply(event: ConnectionEvent): void {
    const next = nextConnection(connection, event)
    if (next === connection) return
    connection = next
    if (next.state !== 'open') drop()
    if (next.state === 'connecting') connect()
    // Half of the pause is chance, so that many pages do not return in one moment.
    if (next.state === 'lost') timer = setTimeout(() => apply('retry'), next.retryMs * (0.5 + Math.random() / 2))
    options.onConnection?.(next)
  }

  function connect(): void {
    const opened = new EventSource(options.url(), { withCredentials: true })
    source = opened
    opened.addEventListener('open', () => apply('opened'))
    opened.addEventListener('error', () => apply('failed'))
    opened.addEventListener('end', () => apply('end'))
    opened.addEventListener('message', (message: MessageEvent<string>) => {
      if (source !== opened || options.onMessage(message.data) !== 'reconnect') return
      drop()
      connect()
    })
  }

  function onVisibility(): void {
    clearTimeout(hideTimer)
    if (document.visibilityState === 'visible') apply('show')
    else hideTimer = setTimeout(() => apply('hide'), hiddenMs)
  }

  function onOnline(): void {
    apply('retry')
  }

  document.addEventListener('visibilitychange', onVisibility)
  window.addEventListener('online', onOnline)
  connect()

  return () => {
    document.removeEventListener('visibilitychange', onVisibility)
    window.removeEventListener('online', onOnline)
    clearTimeout(hideTimer)
    drop()
    connection = { state: 'ended', failures: 0 }
  }
}
