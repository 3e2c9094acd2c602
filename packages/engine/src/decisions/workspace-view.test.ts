import { describe, expect, it } from 'vitest'
import { type GraphJob, type LayerFacts, upstreamOf, viewWorkspace } from './workspace-view.ts'

/** `a → b → d`, `a → c → d → e`, and `x` beside them. */
const jobs: GraphJob[] = graph({ a: [], x: [], b: ['a'], c: ['a'], d: ['b', 'c'], e: ['d'] })

function graph(requires: Record<string, string[]>): GraphJob[] {
  return Object.entries(requires).map(([id, names]) => ({ id, requires: names.map((jobId) => ({ jobId })) }))
}

function layer(layerId: string, jobId: string, files: string[], nodeIndex = 0, step = 101): LayerFacts {
  return { layerId, jobId, nodeIndex, step, files }
}

describe('upstreamOf', () => {
  it.each([
    ['a', ''],
    ['x', ''],
    ['b', 'a'],
    ['d', 'abc'],
    ['e', 'abcd'],
  ])('of %s is %j', (id, expected) => {
    expect([...upstreamOf(id, jobs)].sort().join('')).toBe(expected)
  })
})

describe('viewWorkspace', () => {
  it('shows upstream layers only, in graph order, then by step, then by node', () => {
    const layers = [
      layer('c0', 'c', ['c']),
      layer('a-late', 'a', ['2'], 0, 105),
      layer('a-node1', 'a', ['1'], 1, 101),
      layer('a-node0', 'a', ['0'], 0, 101),
      layer('x0', 'x', ['x']),
      layer('own', 'd', ['own']),
    ]

    expect(viewWorkspace('d', jobs, layers)).toEqual({ order: ['a-node0', 'a-node1', 'a-late', 'c0'], conflicts: [] })
  })

  it.each<[string, string, LayerFacts[], string[]]>([
    ['a later job replaces an earlier one', 'd', [layer('1', 'a', ['f']), layer('2', 'b', ['f'])], []],
    ['concurrent jobs stored the same path', 'd', [layer('1', 'b', ['f', 'g']), layer('2', 'c', ['f'])], ['f']],
    [
      'a job below all of them stored it again',
      'e',
      [layer('1', 'b', ['f']), layer('2', 'c', ['f']), layer('3', 'd', ['f'])],
      [],
    ],
    ['parallel nodes stored the same path', 'b', [layer('1', 'a', ['f'], 0), layer('2', 'a', ['f'], 1)], ['f']],
    ['one node stored it in two steps', 'b', [layer('1', 'a', ['f'], 0, 101), layer('2', 'a', ['f'], 0, 102)], []],
    ['a job that is not upstream does not count', 'b', [layer('1', 'a', ['f']), layer('2', 'x', ['f'])], []],
  ])('%s', (_, jobId, layers, conflicts) => {
    expect(viewWorkspace(jobId, jobs, layers).conflicts).toEqual(conflicts)
  })

  it('keeps the conflict when only one of the two was superseded', () => {
    const forked = graph({ b: [], c: [], b2: ['b'], end: ['b2', 'c'] })
    const layers = [layer('1', 'b', ['f']), layer('2', 'c', ['f']), layer('3', 'b2', ['f'])]

    expect(viewWorkspace('end', forked, layers).conflicts).toEqual(['f'])
  })
})
