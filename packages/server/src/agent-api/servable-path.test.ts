import { expect, it } from 'vitest'
import { servablePath } from './servable-path.ts'

it.each([
  ['out/index.html', 'out/index.html'],
  ['/etc/passwd', 'etc/passwd'],
  ['../../keys.json', 'keys.json'],
  ['a/./b//c/../d', 'a/b/c/d'],
  ['.hidden/..x', '.hidden/..x'],
])('%s is kept as %s', (path, expected) => {
  expect(servablePath(path)).toBe(expected)
})

it.each(['', '/', '..', './../'])('%j is no name', (path) => {
  expect(() => servablePath(path)).toThrow('is no name for an artifact')
})
