import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { archName } from './arch.ts'
import { fileChecksum } from './checksum.ts'
import { type KeyContext, renderKey } from './render.ts'

const context: KeyContext = {
  branch: 'feature/a:b',
  buildNum: 42,
  revision: 'c0ffee',
  checkoutKey: '',
  environment: { CIRCLE_JOB: 'build', FROM_CONTEXT: 'ctx', EMPTY: '' },
  arch: 'linux-amd64-6_62',
  checksum: async (path) =>
    path === 'f' ? { ok: true, sum: 'SUM=' } : { ok: false, error: `open ${path}: no such file` },
  now: () => new Date(1_700_000_000_999),
}

test.each([
  ['plain', 'plain'],
  ['v1-{{ .Branch }}-{{.Revision}}', 'v1-feature/a:b-c0ffee'],
  ['{{ .BuildNum }}{{ .CheckoutKey }}', '42'],
  ['{{ epoch }}', '1700000000'],
  ['{{arch}}', 'linux-amd64-6_62'],
  ['{{ checksum "f" }}', 'SUM='],
  ['{{ checksum `f` }}', 'SUM='],
  ['{{ checksum "\\x66" }}', 'SUM='],
  ['{{ checksum ("f") }}', 'SUM='],
  ['{{ "f" | checksum }}', 'SUM='],
  ['{{ .Environment.CIRCLE_JOB }}-{{ .Environment.FROM_CONTEXT }}', 'build-ctx'],
  ['a{{ .Environment.EMPTY }}b', 'ab'],
  ['{{ .Environment.MISSING }}', '<no value>'],
  ['{{ .Environment.constructor }}', '<no value>'],
  ['a {{- arch -}} b', 'alinux-amd64-6_62b'],
  ['a {{ arch -}}\n\t b', 'a linux-amd64-6_62b'],
  ['a{{/* why */}}b', 'ab'],
  ['a }} { b', 'a }} { b'],
  ['{{\n\tarch\n}}', 'linux-amd64-6_62'],
  ['{{ "}}" }}', '}}'],
  ['{{ epoch | round "72h" }}', String(Math.floor(1_700_000_000 / 259_200) * 259_200)],
])('%s renders as %s', async (template, key) => {
  expect(await renderKey(template, context)).toEqual({ ok: true, key })
})

test.each([
  ['{{ checksum "missing" }}', '{{ checksum "missing" }}: open missing: no such file'],
  ['{{ checksum }}', '{{ checksum }}: checksum takes 1 argument, not 0'],
  ['{{ checksum "a" "b" }}', '{{ checksum "a" "b" }}: checksum takes 1 argument, not 2'],
  ["{{ checksum 'f' }}", `unexpected "'f' }}" in a {{ }}`],
  ['{{ now }}', '{{ now }}: function "now" is not defined'],
  ['{{ toString }}', '{{ toString }}: function "toString" is not defined'],
  ['{{ .Nope }}', '{{ .Nope }}: there is no .Nope'],
  ['{{ .Environment }}', '{{ .Environment }}: there is no .Environment'],
  ['{{ .Branch.Name }}', '{{ .Branch.Name }}: there is no .Branch.Name'],
  ['{{ .Branch "x" }}', '{{ .Branch "x" }}: only a function takes arguments'],
  ['{{ arch | .Branch }}', '{{ arch | .Branch }}: only a function may stand after |'],
  ['{{ arch', 'a {{ has no }}'],
  ['{{ "open }}', `unexpected "\\"open }}" in a {{ }}`],
  ['{{}}', 'an action between {{ and }} is empty'],
  ['{{ ) }}', '{{ ) }}: unexpected )'],
  ['{{ (arch }}', '{{ (arch }}: a ) is missing'],
  ['{{ arch | }}', '{{ arch | }}: a value is missing'],
  ['{{ "\\q" }}', 'unknown escape \\q in a string'],
  ['{{ epoch | round "soon" }}', '{{ epoch | round "soon" }}: round takes a duration such as "24h" and a number'],
  ['', 'the key is empty'],
])('%s is an error', async (template, error) => {
  expect(await renderKey(template, context)).toEqual({ ok: false, error })
})

test('900 characters are a key, 901 are not', async () => {
  expect(await renderKey('ü'.repeat(900), context)).toMatchObject({ ok: true })
  expect(await renderKey('ü'.repeat(901), context)).toEqual({
    ok: false,
    error: 'the key has 901 characters; at most 900 are allowed',
  })
})

test.each([
  ['an endless string', `{{ "${'\\'.repeat(100_001)}`],
  ['endless blanks', `${' '.repeat(100_000)}x{{- arch }}`],
  ['endless parentheses', `{{ ${'('.repeat(100_000)} }}`],
  ['endless openings', '{{/*'.repeat(50_000)],
])('%s is refused in time', async (_, template) => {
  const start = performance.now()
  expect(await renderKey(template, context)).toMatchObject({ ok: false })
  expect(performance.now() - start).toBeLessThan(1000)
})

test('checksum is the URL-safe base64 of the SHA-256 of the bytes (193)', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'orrery-checksum-'))
  writeFileSync(join(dir, 'empty'), '')
  writeFileSync(join(dir, 'lock'), 'lock 22\n')
  mkdirSync(join(dir, 'dir'))

  const sums = await Promise.all(['empty', 'lock', 'dir', 'none'].map((name) => fileChecksum(join(dir, name))))
  rmSync(dir, { recursive: true })

  expect(sums).toEqual([
    { ok: true, sum: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=' },
    { ok: true, sum: expect.stringMatching(/^[\w-]{43}=$/) },
    { ok: false, error: expect.stringContaining('is not a file') },
    { ok: false, error: expect.stringContaining('no such file or directory') },
  ])
})

test.each([
  ['linux', 'x64', 'cpu family\t: 6\nmodel\t\t: 62\nmodel name\t: X\n', 'linux-amd64-6_62'],
  ['linux', 'arm64', 'BogoMIPS : 50\n', 'linux-arm64'],
  ['darwin', 'arm64', '', 'darwin-arm64'],
  ['win32', 'x64', '', 'windows-amd64'],
])('arch of %s %s', (platform, arch, cpuInfo, expected) => {
  expect(archName(platform, arch, cpuInfo)).toBe(expected)
})
