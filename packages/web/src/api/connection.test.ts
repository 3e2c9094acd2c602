import { expect, it } from 'vitest'
import type { ConnectionEvent } from './connection.ts'
import { initialConnection, nextConnection } from './connection.ts'

function after(...events: ConnectionEvent[]) {
  return events.reduce(nextConnection, initialConnection)
}

it.each<[ConnectionEvent[], object]>([
  [['opened'], { state: 'open', failures: 0 }],
  [['failed'], { state: 'lost', failures: 1, retryMs: 500 }],
  [['failed', 'retry', 'failed'], { state: 'lost', failures: 2, retryMs: 1000 }],
  [['failed', 'retry', 'opened', 'failed'], { state: 'lost', failures: 1, retryMs: 500 }],
  [['opened', 'retry'], { state: 'open', failures: 0 }],
  [['opened', 'hide', 'failed', 'retry'], { state: 'paused', failures: 0 }],
  [['opened', 'hide', 'show'], { state: 'connecting', failures: 0 }],
  [['opened', 'end', 'failed', 'show', 'opened'], { state: 'ended', failures: 0 }],
  [['hide', 'end'], { state: 'ended', failures: 0 }],
])('%j leads to %o', (events, expected) => {
  expect(after(...events)).toEqual(expected)
})

it('waits longer each time, up to a quarter of a minute', () => {
  const events = Array.from({ length: 20 }, (): ConnectionEvent[] => ['failed', 'retry']).flat()

  expect(after(...events, 'failed')).toMatchObject({ retryMs: 15_000 })
})
