import { expect, test } from 'vitest'
import { decodeSource, formatDiagnostic, stoppedCompile } from '../index.ts'

test.each([
  ['time', '10 s', 'C604'],
  ['memory', '512 MB', 'C605'],
] as const)('a compile that its host stopped for its %s', (reason, limit, code) => {
  const { ok, plan, diagnostics } = stoppedCompile(reason, limit, 'config.yml')

  expect([ok, plan]).toEqual([false, undefined])
  expect(diagnostics.map((one) => formatDiagnostic(one)).join()).toContain(`config.yml:1:1  error ${code}  /`)
  expect(diagnostics[0]?.message).toContain(limit)
})

test('bytes that are not UTF-8 are told at their place', () => {
  const latin1 = Buffer.from('version: 2.1\n# caf\xe9\n', 'latin1')
  const decoded = decodeSource(latin1, 'config.yml')

  expect('result' in decoded && decoded.result.diagnostics.map((one) => formatDiagnostic(one))).toEqual([
    'config.yml:2:6  error C100  /\n  YAML syntax error: the file is not UTF-8 text\n  hint: save it as UTF-8',
  ])
})

test('UTF-8 is decoded, with and without a byte order mark', () => {
  expect(decodeSource(Buffer.from('é\uFFFD'), 'f')).toEqual({ text: 'é\uFFFD' })
  expect(decodeSource(Buffer.from('\uFEFFé'), 'f')).toEqual({ text: 'é' })
})
