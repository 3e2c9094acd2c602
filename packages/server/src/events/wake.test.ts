import { expect, it } from 'vitest'
import { Wake } from './wake.ts'

const never = new AbortController().signal

it('keeps a ring that came before anyone waited, once', async () => {
  const wake = new Wake()
  wake.ring()
  wake.ring()
  expect(await wake.wait(60_000, never)).toBe('rung')
  expect(await wake.wait(1, never)).toBe('quiet')
})

it('wakes who waits', async () => {
  const wake = new Wake()
  const waiting = wake.wait(60_000, never)
  wake.ring()
  expect(await waiting).toBe('rung')
})

it('ends with its signal, also when it rang', async () => {
  const wake = new Wake()
  const stop = new AbortController()
  const waiting = wake.wait(60_000, stop.signal)
  stop.abort()
  expect(await waiting).toBe('ended')
  wake.ring()
  expect(await wake.wait(60_000, stop.signal)).toBe('ended')
})
