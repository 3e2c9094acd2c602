import { expect, it } from 'vitest'
import { figure, median } from './figure.ts'

it('takes medians, and the ratio pair by pair', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
  expect(
    figure('x', 'ms', [
      [10, 20],
      [30, 30],
      [90, 100],
    ]),
  ).toEqual({
    name: 'x',
    unit: 'ms',
    value: 30,
    baseline: 30,
    ratio: 0.9,
    n: 3,
  })
})
