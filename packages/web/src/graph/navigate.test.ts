import { expect, it } from 'vitest'
import { layoutGraph } from './layout.ts'
import type { Direction } from './navigate.ts'
import { directionOf, neighbour, relatives } from './navigate.ts'

const layout = layoutGraph([
  { id: 'lint', requires: [] },
  { id: 'build', requires: [] },
  { id: 'unit', requires: ['build'] },
  { id: 'e2e', requires: ['build'] },
  { id: 'deploy', requires: ['unit', 'e2e', 'lint'] },
])
const y = (id: string) => layout.boxes.find((box) => box.id === id)?.y ?? 0
const [upper, lower] = y('unit') < y('e2e') ? ['unit', 'e2e'] : ['e2e', 'unit']

it.each<[string, Direction, string]>([
  [upper, 'down', lower],
  [lower, 'up', upper],
  [upper, 'up', upper],
  ['unit', 'left', 'build'],
  ['unit', 'right', 'deploy'],
  ['e2e', 'right', 'deploy'],
  ['lint', 'right', 'deploy'],
  ['deploy', 'right', 'deploy'],
  ['build', 'last', 'deploy'],
  ['gone', 'right', 'gone'],
])('from %s %s leads to %s', (from, direction, to) => {
  expect(neighbour(layout, from, direction)).toBe(to)
})

it('returns to the first column', () => {
  expect(['lint', 'build']).toContain(neighbour(layout, 'deploy', 'first'))
})

it('knows its keys only', () => {
  expect([directionOf('ArrowUp'), directionOf('End'), directionOf('x')]).toEqual(['up', 'last', undefined])
})

it('finds what a job waits for and what waits for it, not its siblings', () => {
  expect([...relatives(layout, 'unit')].sort()).toEqual(['build', 'deploy', 'unit'])
})
