import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { isCoverageName, readCoverage } from './index.ts'

const dir = mkdtempSync(join(tmpdir(), 'orrery-coverage-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

async function read(name: string, content: string | Buffer) {
  writeFileSync(join(dir, name), content)
  return readCoverage(join(dir, name))
}

const twoOfThree = (file: string) => ({ file, lines: { covered: 2, total: 3 }, branches: { covered: 1, total: 2 } })

test.each<[string, string, string, string]>([
  [
    'lcov',
    'lcov.info',
    'TN:\nSF:./src/a.ts\nDA:1,4\nDA:2,0\nDA:3,1,hash\nBRDA:3,0,0,1\nBRDA:3,0,1,-\nLF:9\nLH:9\nend_of_record\n',
    'src/a.ts',
  ],
  [
    'lcov',
    'twice.info',
    'SF:a\r\nDA:1,0\r\nDA:2,0\r\nBRDA:1,0,0,-\r\nBRDA:1,0,1,0\r\nend_of_record\r\nSF:a\r\nDA:1,1\r\nDA:3,1\r\nBRDA:1,0,0,3\r\nend_of_record\r\n',
    'a',
  ],
  [
    'cobertura',
    'cobertura.xml',
    '<?xml version="1.0"?><!DOCTYPE coverage SYSTEM "http://x.example/coverage-04.dtd"><coverage line-rate="0.5"><packages><package><classes>' +
      '<class filename="src\\a.ts"><methods><method><lines><line number="1" hits="0"/></lines></method></methods><lines>' +
      '<line number="1" hits="0"/><line number="2" hits="0"/><line number="3" hits="5" branch="true" condition-coverage="50% (1/2)"/></lines></class>' +
      '<class filename="src/a.ts"><lines><line number="1" hits="2"/></lines></class></classes></package></packages></coverage>',
    'src/a.ts',
  ],
  [
    'clover',
    'clover.xml',
    '<coverage generated="1"><project><package name="p"><file name="a.php" path="/app/a.php"><metrics statements="9"/>' +
      '<line num="1" type="method" count="1"/><line num="2" type="stmt" count="0"/><line num="3" type="cond" truecount="2" falsecount="0"/>' +
      '</file></package></project></coverage>',
    '/app/a.php',
  ],
  [
    'jacoco',
    'jacocoTestReport.xml',
    '<!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd"><report name="r"><group name="g"><package name="com/x"><class name="com/x/A"/>' +
      '<sourcefile name="A.java"><line nr="1" mi="0" ci="3" mb="1" cb="1"/><line nr="2" mi="2" ci="0" mb="0" cb="0"/><line nr="3" mi="1" ci="1" mb="0" cb="0"/>' +
      '<counter type="LINE" missed="9" covered="9"/></sourcefile></package></group></report>',
    'com/x/A.java',
  ],
])('reads %s (%s)', async (format, name, content, file) => {
  expect(await read(name, content)).toEqual({ ok: true, format, files: [twoOfThree(file)] })
})

test.each<[string, string]>([
  ['coverage.xml', '<testsuites/>'],
  ['coverage-2.xml', '<coverage><sessions/></coverage>'],
  ['package.info', 'name = app\n'],
  ['empty.info', ''],
])('%s: %s is foreign', async (name, content) => {
  expect(await read(name, content)).toEqual({ ok: false, foreign: true })
})

test.each<[string, string, RegExp]>([
  ['coverage.xml', '<coverage line-rate="1"><packages>', /unclosed tag/],
  ['jacoco.xml', '<!DOCTYPE r [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><report name="&b;"/>', /declares entities/],
  ['deep-coverage.xml', `<coverage line-rate="1">${'<packages>'.repeat(200)}`, /nested more than 100/],
  ['lcov.info', 'SF:a\nDA:x,1\n', /malformed/],
  ['lcov.info', 'SF:a\nend_of_record\nDA:1,1\n', /outside of a file/],
])('%s that is broken is a value: %s', async (name, content, error) => {
  expect(await read(name, content)).toMatchObject({ ok: false, error: expect.stringMatching(error) })
})

test('absurd numbers stay numbers that a database holds', async () => {
  const lines = Array.from(
    { length: 5 },
    (_, at) => `<line number="${at}" hits="1e99" condition-coverage="100% (999999999/999999999)"/>`,
  )
  const outcome = await read(
    'coverage.xml',
    `<coverage line-rate="1"><class filename="a"><lines>${lines.join('')}</lines></class></coverage>`,
  )
  expect(outcome).toMatchObject({ ok: true, files: [{ branches: { covered: 2 ** 31 - 1, total: 2 ** 31 - 1 } }] })
})

test('a missing file is a value', async () => {
  expect(await readCoverage(join(dir, 'none.info'))).toEqual({ ok: false, error: 'no such file or directory' })
})

test.each([
  ['coverage/lcov.info', true],
  ['build/reports/jacoco/test/jacocoTestReport.xml', true],
  ['target/site/jacoco/jacoco.xml', true],
  ['coverage.xml', true],
  ['cobertura-coverage.xml', true],
  ['build/logs/clover.xml', true],
  ['coverage/index.html', false],
  ['junit.xml', false],
  ['coverage/junit.xml', false],
])('%s may be a coverage report: %s', (path, expected) => {
  expect(isCoverageName(path)).toBe(expected)
})

const corpus = join(import.meta.dirname, '../../../../../shared/corpus/reports/coverage')
/** Reports of kinds that are not read. */
const foreign = new Set(['opencover.xml', 'simplecov-resultset.json'])

describe.skipIf(!existsSync(corpus))('real reports (skipped: the corpus is not here)', () => {
  test('every file of a known kind gives lines; the others are foreign', async () => {
    for (const name of readdirSync(corpus)) {
      const outcome = await readCoverage(join(corpus, name))
      if (foreign.has(name)) {
        expect([name, outcome.ok]).toEqual([name, false])
        continue
      }
      expect([name, outcome]).toMatchObject([name, { ok: true, format: /^[a-z]+/.exec(name)?.[0] }])
      const lines = outcome.ok ? outcome.files.reduce((sum, file) => sum + file.lines.total, 0) : 0
      expect([name, lines > 0]).toEqual([name, true])
    }
  })
})
