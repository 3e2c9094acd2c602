import { describe, expect, it } from 'vitest'
import type { GraphInput } from './layout.ts'
import { boxHeight, boxWidth, layoutGraph, structureKey } from './layout.ts'

function job(id: string, ...requires: string[]): GraphInput {
  return { id, requires }
}

/** A workflow with `count` jobs whose edges go from lower to higher numbers, the same for the same seed. */
function randomGraph(count: number, seed: number): GraphInput[] {
  let state = seed
  const next = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state % below
  }
  return Array.from({ length: count }, (_, i) =>
    job(`j${i}`, ...Array.from({ length: i === 0 ? 0 : next(4) }, () => `j${next(i)}`)),
  )
}

const fan = [job('a'), ...Array.from({ length: 20 }, (_, i) => job(`m${i}`, 'a')), job('z', 'm0', 'm19', 'a')]

describe.each([
  ['one job', [job('a')]],
  ['a chain', [job('a'), job('b', 'a'), job('c', 'b')]],
  ['a diamond with a shortcut', [job('a'), job('b', 'a'), job('c', 'a'), job('d', 'b', 'c', 'a')]],
  ['a wide fan', fan],
  ['two separate parts', [job('a'), job('b', 'a'), job('x'), job('y', 'x')]],
  ['forty random jobs', randomGraph(40, 7)],
  ['a hundred random jobs', randomGraph(100, 3)],
])('%s', (_name, jobs) => {
  const layout = layoutGraph(jobs)

  it('has no two boxes that overlap', () => {
    for (const [i, a] of layout.boxes.entries()) {
      for (const b of layout.boxes.slice(i + 1)) {
        const apart = Math.abs(a.x - b.x) >= boxWidth || Math.abs(a.y - b.y) >= boxHeight
        expect(apart, `${a.id} and ${b.id}`).toBe(true)
      }
    }
  })

  it('places every job right of what it requires', () => {
    const x = new Map(layout.boxes.map((box) => [box.id, box.x]))
    for (const edge of layout.edges) {
      expect((x.get(edge.from) ?? 0) + boxWidth, `${edge.from} → ${edge.to}`).toBeLessThan(x.get(edge.to) ?? 0)
    }
  })

  it('fits into its size', () => {
    for (const box of layout.boxes) {
      expect(box.x).toBeGreaterThanOrEqual(0)
      expect(box.y).toBeGreaterThanOrEqual(0)
      expect(box.x + boxWidth).toBeLessThanOrEqual(layout.width)
      expect(box.y + boxHeight).toBeLessThanOrEqual(layout.height)
    }
  })
})

it('ignores requirements on unknown jobs, on itself, and repeated ones', () => {
  const layout = layoutGraph([job('a', 'a', 'gone'), job('b', 'a', 'a')])

  expect(layout.edges.map((edge) => [edge.from, edge.to])).toEqual([['a', 'b']])
})

it('starts what can start at once in the first column', () => {
  const layout = layoutGraph([job('a'), job('lint'), job('b', 'a'), job('c', 'b'), job('deploy', 'c', 'lint')])

  const columns = Object.fromEntries(layout.boxes.map((box) => [box.id, box.column]))

  expect(columns).toEqual({ a: 0, lint: 0, b: 1, c: 2, deploy: 3 })
})

it('draws a circle instead of failing, and nothing for no jobs', () => {
  expect(layoutGraph([job('a', 'b'), job('b', 'a')]).boxes).toHaveLength(2)
  expect(layoutGraph([])).toEqual({ boxes: [], edges: [], width: 0, height: 0 })
})

it('lays out three hundred jobs within four seconds', () => {
  const start = performance.now()
  const layout = layoutGraph(randomGraph(300, 11))

  expect(layout.boxes).toHaveLength(300)
  expect(performance.now() - start).toBeLessThan(4000)
})

it('has a key that follows structure only', () => {
  const jobs = [job('a'), job('b', 'a')]

  expect(structureKey(jobs.map((one) => ({ ...one, status: 'success' })))).toBe(structureKey(jobs))
  expect(structureKey([job('a'), job('b')])).not.toBe(structureKey(jobs))
})
