import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { independentSources } from './index.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'orrery-sources-'))
  mkdirSync(join(root, 'a/b/c'), { recursive: true })
  mkdirSync(join(root, 'ab'))
  symlinkSync('b', join(root, 'a/link'))
})
afterAll(() => rmSync(root, { recursive: true }))

test.each<[string[], string[], string[]]>([
  [['a', 'ab'], ['a', 'ab'], []],
  [['a/b/c', 'a', 'a/b', 'a'], ['a'], []],
  [['', 'a', 'ab'], [''], []],
  [['a', 'a/link/c'], ['a'], ['a/link/c']],
  [['a/link', 'a/link/c'], ['a/link'], ['a/link/c']],
  [['', 'a/link/c'], [''], ['a/link/c']],
  [['a/link/c'], ['a/link/c'], []],
])('of %j stay %j and %j is skipped', (names, kept, skipped) => {
  const result = independentSources(names.map((name) => ({ path: join(root, name), name })))

  expect(result.sources.map(({ name }) => name)).toEqual(kept)
  expect(result.skipped.map(({ path }) => path)).toEqual(skipped.map((name) => join(root, name)))
})
