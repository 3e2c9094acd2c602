import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it, test } from 'vitest'
import { accepts, advance, compileGlob, startOf } from '../glob/automaton.ts'
import { expandBraces } from '../glob/braces.ts'
import { glob } from '../glob/glob.ts'
import { Workplace } from './harness.ts'

let root: string
const before = process.cwd()
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'orrery-glob-'))
  for (const file of [
    'a.js',
    'b.js',
    '.c.js',
    'a/x.js',
    'src/d.js',
    'src/deep/e.js',
    'src/.hidden/f.js',
    'test/g.ts',
  ]) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), file)
  }
  for (const odd of ['star*', '[id].js', 'x{y}', 'ü.js']) writeFileSync(join(root, 'test', odd), '')
  symlinkSync('src', join(root, 'link'))
  symlinkSync('..', join(root, 'src', 'up'))
  process.chdir(root)
})
afterAll(() => {
  process.chdir(before)
  rmSync(root, { recursive: true })
})

test.each<[string, string[]]>([
  ['*.js', ['a.js', 'b.js']],
  ['.*.js', ['.c.js']],
  ['**/*.js', ['a.js', 'a/x.js', 'b.js', 'src/d.js', 'src/deep/e.js', 'test/[id].js', 'test/ü.js']],
  ['./src/**/*.js', ['./src/d.js', './src/deep/e.js']],
  ['src/**/*.js', ['src/d.js', 'src/deep/e.js']],
  ['src/**.js', ['src/d.js', 'src/deep/e.js']],
  ['src/*.js', ['src/d.js']],
  ['src/*', ['src/d.js', 'src/deep', 'src/up']],
  ['src/**', ['src/d.js', 'src/deep', 'src/deep/e.js', 'src/up']],
  ['src/**/e.js', ['src/deep/e.js']],
  ['src/.*/*', ['src/.hidden/f.js']],
  ['**/src/**/**/e.js', ['src/deep/e.js']],
  ['{src,test}/*.{js,ts}', ['src/d.js', 'test/[id].js', 'test/g.ts', 'test/ü.js']],
  ['{src/deep,test}/*.?s', ['src/deep/e.js', 'test/[id].js', 'test/g.ts', 'test/ü.js']],
  ['{./src,../nowhere}/d.js', ['./src/d.js']],
  ['{a,{b,c}}.js', ['a.js', 'b.js']],
  ['?.js', ['a.js', 'b.js']],
  ['?/x.js', ['a/x.js']],
  ['a?x.js', []],
  ['a*x.js', []],
  ['[b-z].js', ['b.js']],
  ['[!a].js', ['b.js']],
  ['[^a].js', ['b.js']],
  ['[ab].js', ['a.js', 'b.js']],
  ['[.]c.js', []],
  ['test/[[]id].js', ['test/[id].js']],
  ['test/\\[id\\].js', ['test/[id].js']],
  ['test/star\\*', ['test/star*']],
  ['test/[unclosed', []],
  ['test/x{y}', ['test/x{y}']],
  ['test/?.js', ['test/ü.js']],
  ['a.js', ['a.js']],
  ['none.js', []],
  ['none/**', []],
  ['link/*.js', ['link/d.js']],
  ['l*/*.js', []],
])('pattern %s (251, 252, 253)', async (pattern, paths) => {
  const found = (await glob(pattern)).toSorted()
  expect(found).toEqual(paths.toSorted())
})

it('takes absolute patterns', async () => {
  expect(await glob(`${root}/te*/g.*`)).toEqual([`${root}/test/g.ts`])
})

it('splits one argument at blanks, sorts, merges, and is silent about no match (251, 253)', () => {
  using place = new Workplace().files({ 'a/b/c.js': '', 'a/d.js': '', 'e.ts': '' })

  expect(place.circleci(['tests', 'glob', 'a/**/*.js'])).toEqual({
    status: 0,
    stdout: 'a/b/c.js\na/d.js\n',
    stderr: '',
  })
  expect(place.circleci(['tests', 'glob', 'a/*.js']).stdout).toBe('a/d.js\n')
  expect(place.circleci(['tests', 'glob', 'e.* a/*.js', 'e.ts']).stdout).toBe('a/d.js\ne.ts\n')
  expect(place.circleci(['tests', 'glob', 'none/*.x'])).toEqual({ status: 0, stdout: '', stderr: '' })
})

test.each([
  ['a'.repeat(200), '*a*a*a*a*a*a*a*a*a*a*a*a*b'],
  [`${'a/'.repeat(100)}a`, `${'**/'.repeat(50)}b`],
  [`${'a/'.repeat(100)}a`, `${'**'.repeat(50)}/${'**a'.repeat(30)}b`],
  ['a'.repeat(200), `${'?'.repeat(100)}${'[a-z]*'.repeat(50)}B`],
])('a hostile pattern costs no more than pattern × path: %#', (path, pattern) => {
  const automaton = compileGlob(pattern)
  let most = 0
  let state = startOf(automaton)
  for (const char of path) {
    state = advance(automaton, state, char, false)
    most = Math.max(most, state.size)
  }
  expect(accepts(automaton, state)).toBe(false)
  expect(most).toBeLessThanOrEqual(automaton.tokens.length + 1)
})

it('refuses braces that stand for too much', () => {
  using place = new Workplace()
  const { status, stderr } = place.circleci(['tests', 'glob', '{a,b}'.repeat(40)])
  expect([status, stderr]).toEqual([1, expect.stringContaining('stand for more than 10000 patterns')])
})

test.each([
  ['{a,b}{c,d}', ['ac', 'ad', 'bc', 'bd']],
  ['{a,{b,c}d}', ['a', 'bd', 'cd']],
  ['{a}', ['{a}']],
  ['{a,b', ['{a,b']],
  ['a,b}', ['a,b}']],
  ['\\{a,b}', ['\\{a,b}']],
  ['{,x}', ['', 'x']],
])('braces %s', (pattern, expected) => {
  expect(expandBraces(pattern).toSorted()).toEqual(expected)
})
