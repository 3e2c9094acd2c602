import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { glob } from './index.ts'
import { compilePattern, matches } from './match.ts'

test.each<[string, string, boolean | 'malformed']>([
  ['abc', 'abc', true],
  ['*', 'abc', true],
  ['*', '', true],
  ['*', '.hidden', true],
  ['*c', 'abc', true],
  ['a*', 'a', true],
  ['a*b*c', 'axbxbxc', true],
  ['a*b*c', 'axbxbx', false],
  ['a*b?c*x', 'abxbbxdbxebxczzx', true],
  ['a*b?c*x', 'abxbbxdbxebxczzy', false],
  ['ab[c]', 'abc', true],
  ['ab[b-d]', 'abc', true],
  ['ab[e-g]', 'abc', false],
  ['ab[^c]', 'abc', false],
  ['ab[^e-g]', 'abc', true],
  ['ab[!c]', 'ab!', true],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'ab', false],
  ['a?b', 'a☺b', true],
  ['a[^a]b', 'a☺b', true],
  ['a???b', 'a☺b', false],
  ['[a-ζ]*', 'α', true],
  ['[😀-😂]', '😁', true],
  ['[\\]a]', ']', true],
  ['[\\-x]', '-', true],
  ['[x\\-]', 'z', false],
  ['{a,b}', 'a', false],
  ['{a,b}', '{a,b}', true],
  ['[]a]', ']', 'malformed'],
  ['[-]', '-', 'malformed'],
  ['[x-]', 'x', 'malformed'],
  ['[-x]', 'x', 'malformed'],
  ['[', 'a', 'malformed'],
  ['[^', 'a', 'malformed'],
  ['[^bc', 'a', 'malformed'],
  ['a[', 'a', 'malformed'],
  ['a\\', 'a', 'malformed'],
])('%s and %s: %s', (pattern, name, expected) => {
  const compiled = compilePattern(pattern)
  expect(compiled === undefined ? 'malformed' : matches(compiled, name)).toBe(expected)
})

test('a pattern of stars takes no exponential time', () => {
  const pattern = compilePattern(`${'a*'.repeat(500)}b`)
  const start = performance.now()
  expect(pattern && matches(pattern, 'a'.repeat(20_000))).toBe(false)
  expect(performance.now() - start).toBeLessThan(2000)
})

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'orrery-glob-'))
  for (const dir of ['sub/deep', 'other', '.git']) mkdirSync(join(root, dir), { recursive: true })
  for (const file of ['a.jar', 'b.jar', '.c.jar', 'sub/d.jar', 'sub/deep/e.jar', 'other/f.jar', 'star*']) {
    writeFileSync(join(root, file), '')
  }
  symlinkSync('sub', join(root, 'link'))
  symlinkSync('nowhere', join(root, 'dangling'))
})
afterAll(() => rmSync(root, { recursive: true }))

test.each<[string, string[]]>([
  ['*.jar', ['.c.jar', 'a.jar', 'b.jar']],
  ['*/*.jar', ['link/d.jar', 'other/f.jar', 'sub/d.jar']],
  ['s*', ['star*', 'sub']],
  ['star\\*', ['star*']],
  ['sub', ['sub']],
  ['./sub/', ['sub']],
  ['sub//deep/./e.jar', ['sub/deep/e.jar']],
  ['.', ['']],
  ['./', ['']],
  ['d*', ['dangling']],
  ['dangling', ['dangling']],
  ['**', ['.c.jar', '.git', 'a.jar', 'b.jar', 'dangling', 'link', 'other', 'star*', 'sub']],
  ['none', []],
  ['none*', []],
  ['a.jar/x', []],
  ['*/none', []],
])('%s finds %j', async (pattern, names) => {
  expect(await glob(root, pattern)).toEqual({ ok: true, names })
})

test.each([
  ['/etc', /is absolute/],
  ['../x', /leaves the root/],
  ['sub/../../x', /leaves the root/],
  ['*/..', /leaves the root/],
  ['\\.\\.', /leaves the root/],
  ['a[', /not a well-formed pattern/],
])('%s is an error', async (pattern, error) => {
  expect(await glob(root, pattern)).toEqual({ ok: false, error: expect.stringMatching(error) })
})
