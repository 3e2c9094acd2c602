import { expect, it, test } from 'vitest'
import { batchSize, orderTests } from './test-batch.ts'

it('orders the longest first, the unknown in the middle, each once', () => {
  const tests = [
    { name: 'short', seconds: 10 },
    { name: 'new', seconds: 0 },
    { name: 'long', seconds: 30 },
    { name: 'new', seconds: 0 },
  ]
  expect(orderTests(tests)).toEqual([
    ['long', 30],
    ['new', 20],
    ['short', 10],
  ])
  expect(
    orderTests([
      { name: 'b', seconds: 0 },
      { name: 'a', seconds: 0 },
    ]),
  ).toEqual([
    ['a', 1],
    ['b', 1],
  ])
})

test.each<[string, number[], number, number]>([
  ['a third of equal ones', [1, 1, 1, 1, 1, 1], 3, 2],
  ['at least one', [100, 1, 1], 3, 1],
  ['all for one node', [3, 2, 1], 1, 3],
  ['none of none', [], 3, 0],
])('a batch is an even share: %s', (_, weights, nodes, size) => {
  expect(
    batchSize(
      weights.map((weight, index) => [`${index}`, weight]),
      nodes,
    ),
  ).toBe(size)
})
