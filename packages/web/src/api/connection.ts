/**
 * The life of one event stream, as data: `connecting` until it opens, `open`, `lost` when it broke (a retry is planned
 * after `retryMs`), `paused` while nobody looks, `ended` for good.
 */
export type Connection =
  | { readonly state: 'connecting' | 'open' | 'paused' | 'ended'; readonly failures: number }
  | { readonly state: 'lost'; readonly failures: number; readonly retryMs: number }

export type ConnectionEvent = 'opened' | 'failed' | 'retry' | 'hide' | 'show' | 'end'

export const initialConnection: Connection = { state: 'connecting', failures: 0 }

const firstRetryMs = 500
const longestRetryMs = 15_000

/** What follows on an event; the same object when nothing does. `ended` is final, `paused` only hears `show` and `end`. */
export function nextConnection(connection: Connection, event: ConnectionEvent): Connection {
  if (connection.state === 'ended') return connection
  if (event === 'end') return { state: 'ended', failures: 0 }
  if (connection.state === 'paused') return event === 'show' ? { state: 'connecting', failures: 0 } : connection
  switch (event) {
    case 'opened':
      return { state: 'open', failures: 0 }
    case 'failed': {
      const failures = connection.failures + 1
      return { state: 'lost', failures, retryMs: Math.min(longestRetryMs, firstRetryMs * 2 ** (failures - 1)) }
    }
    case 'retry':
      return connection.state === 'lost' ? { state: 'connecting', failures: connection.failures } : connection
    case 'hide':
      return { state: 'paused', failures: 0 }
    case 'show':
      return connection
  }
}
