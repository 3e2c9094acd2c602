import { expect, it } from 'vitest'
import { takeStreamSlot } from './stream-slots.ts'

it('lets three in, the next ones in order as places come back, and forgets who left the queue', () => {
  const begun: string[] = []
  const take = (name: string) => takeStreamSlot(() => begun.push(name))
  const [a, b, c, d, e, f] = ['a', 'b', 'c', 'd', 'e', 'f'].map(take)
  expect(begun).toEqual(['a', 'b', 'c'])

  a?.()
  a?.()
  expect(begun).toEqual(['a', 'b', 'c', 'd'])

  e?.()
  b?.()
  expect(begun).toEqual(['a', 'b', 'c', 'd', 'f'])

  for (const release of [c, d, f]) release?.()
  take('g')()
  expect(begun.at(-1)).toBe('g')
})
