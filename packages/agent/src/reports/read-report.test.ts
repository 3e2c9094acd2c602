import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestResult } from '@orrery/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readReport, reportLimits } from './index.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'orrery-reports-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

async function read(name: string, content: string, limits = reportLimits) {
  const tests: TestResult[] = []
  writeFileSync(join(dir, name), content)
  const outcome = await readReport(join(dir, name), (found) => tests.push(found), limits)
  return { outcome, tests }
}

const features = JSON.stringify([
  {
    uri: './features/a.feature',
    name: 'A',
    elements: [
      { type: 'background', name: 'setup', steps: [] },
      {
        type: 'scenario',
        name: 'works',
        before: [{ result: { status: 'passed', duration: 500_000_000 } }],
        steps: [{ result: { status: 'passed', duration: 1_000_000_000 } }, { odd: true }],
      },
      {
        type: 'scenario',
        name: 'breaks',
        steps: [
          { result: { status: 'failed', error_message: 'boom' } },
          { result: { status: 'skipped', duration: null } },
        ],
      },
      { type: 'scenario', name: 'waits', steps: [{ result: { status: 'pending' } }] },
    ],
  },
  'odd',
])

test.each(['a.json', 'a.cucumber', 'a.unknown'])('reads Cucumber features from %s', async (name) => {
  const { outcome, tests } = await read(name, features)
  expect(outcome).toEqual({ ok: true, tests: 3 })
  expect(tests.map(({ name, result, runTime, message }) => ({ name, result, runTime, message }))).toEqual([
    { name: 'works', result: 'success', runTime: 1.5, message: '' },
    { name: 'breaks', result: 'failure', runTime: 0, message: 'boom' },
    { name: 'waits', result: 'skipped', runTime: 0, message: '' },
  ])
  expect(tests[0]).toMatchObject({ classname: 'A', file: 'features/a.feature', source: 'cucumber' })
})

test.each([
  ['package.json', '{"name": "x"}'],
  ['list.json', '[1, 2]'],
  ['readme.md', '# hello'],
  ['empty', ''],
])('%s is no report', async (name, content) => {
  expect((await read(name, content)).outcome).toEqual({ ok: false, foreign: true })
})

test('knows a report without a known ending by its first character', async () => {
  expect((await read('report', '\ufeff\n<testsuite><testcase/></testsuite>')).outcome).toEqual({ ok: true, tests: 1 })
})

test.each([
  ['a.xml', '', 'it is empty'],
  ['a.json', '[{', 'it is not JSON'],
  ['b.xml', `<testsuite>${' '.repeat(100)}</testsuite>`, 'it has 123 bytes; at most 50 are read'],
])('a broken file is a value: %s', async (name, content, error) => {
  const { outcome } = await read(name, content, { xmlBytes: 50, jsonBytes: 50 })
  expect(outcome).toEqual({ ok: false, error, tests: 0 })
})

test('a missing file is a value', async () => {
  expect(await readReport(join(dir, 'none.xml'), () => undefined)).toMatchObject({ error: 'no such file or directory' })
})
