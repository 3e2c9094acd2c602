import { symlinkSync } from 'node:fs'
import { type StoreTestResultsStep, TestResult } from '@orrery/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TaskPeer } from '../save-cache/task-peer.ts'
import { type StepResult, succeeded } from '../step.ts'
import { execute } from './index.ts'
import { ResultFile } from './result-file.ts'

let peer: TaskPeer
beforeEach(() => {
  peer = new TaskPeer()
})
afterEach(async () => {
  expect(peer.leftovers).toEqual([])
  await peer[Symbol.asyncDispose]()
})

function run(path: string): Promise<StepResult> {
  const step: StoreTestResultsStep = { kind: 'store_test_results', name: 'Uploading test results', origin: [], path }
  return execute(step, peer.next())
}

/** The uploaded results, checked against the contract line by line. */
function results(): TestResult[] {
  return peer.uploads.flatMap(({ bytes }) =>
    bytes
      .toString()
      .split('\n')
      .filter(Boolean)
      .map((line) => TestResult.parse(JSON.parse(line))),
  )
}

const jest =
  '<testsuites><testsuite name="s" file="a.test.ts"><testcase name="ok"/><testcase name="bad"><failure/></testcase></testsuite></testsuites>'
const mocha =
  '<testsuite name="m"><testcase name="skip"><skipped/></testcase><testcase name="err"><error/></testcase></testsuite>'

test('reads every report in a directory (239, 241, 244)', async () => {
  peer.files({ 'r/jest/junit.xml': jest, 'r/mocha/deep/m.XML': mocha, 'r/data.json': '{}', 'r/readme.md': '<x/>' })

  expect(await run('r')).toBe(succeeded)

  expect(peer.uploads[0]?.request).toEqual({ kind: 'tests', name: '101-0-tests' })
  expect(results().map(({ name, result, file }) => [name, result, file])).toEqual([
    ['ok', 'success', 'a.test.ts'],
    ['bad', 'failure', 'a.test.ts'],
    ['skip', 'skipped', undefined],
    ['err', 'error', undefined],
  ])
  expect(peer.log).toBe(
    `Reading test results\n  ${peer.path('r/jest/junit.xml')}: 2 tests\n  ${peer.path('r/mocha/deep/m.XML')}: 2 tests\n` +
      'Uploaded 4 test results\n',
  )
})

test('reads one file, whatever its name (240)', async () => {
  peer.files({ 'results.out': mocha })
  expect(await run('results.out')).toBe(succeeded)
  expect(results()).toHaveLength(2)
})

test('a broken report is a message, the others count (243)', async () => {
  peer.files({ 'r/a.xml': '<testsuite><testcase name="before"/><testcase', 'r/b.xml': mocha, 'r/c.xml': '<html/>' })

  expect(await run('r')).toBe(succeeded)

  expect(results().map(({ name }) => name)).toEqual(['before', 'skip', 'err'])
  expect(peer.log).toMatch(/Error: \S+a\.xml is broken: .*; the 1 tests before are kept\n/)
  expect(peer.log).toMatch(/Error: \S+c\.xml is broken: its root element is <html>/)
})

test.each<[string, Record<string, string>]>([
  ['missing', {}],
  ['empty', { 'empty/readme.md': '' }],
])('nothing there is a message (245): %s', async (path, files) => {
  peer.files(files)
  expect(await run(path)).toBe(succeeded)
  expect(peer.log).toBe(`No test results found at ${peer.path(path)}\n`)
  expect(peer.uploads).toEqual([])
})

test('a file that is no report is called one', async () => {
  peer.files({ 'package.json': '{}' })
  expect(await run('package.json')).toBe(succeeded)
  expect(peer.log).toContain(`Error: ${peer.path('package.json')} is no test report\n`)
})

test('a hidden directory is collected with a warning (247)', async () => {
  peer.files({ '.results/a.xml': mocha })
  expect(await run('.results')).toBe(succeeded)
  expect(peer.log).toMatch(/^Warning: \S+\/\.results is a hidden/)
  expect(results()).toHaveLength(2)
})

test('external entities stay unread (250)', async () => {
  peer.files({
    secret: 'hunter2',
    'r/a.xml': `<!DOCTYPE t [<!ENTITY x SYSTEM "file://${peer.path('secret')}">]><testsuite><testcase name="&x;"/></testsuite>`,
  })
  expect(await run('r')).toBe(succeeded)
  expect(peer.log).toContain('declares entities')
  expect(peer.uploads).toEqual([])
})

test('links to files count, links to directories do not run in circles', async () => {
  peer.files({ 'real.xml': mocha, 'r/x.txt': '' })
  symlinkSync('../real.xml', peer.path('r/link.xml'))
  symlinkSync('..', peer.path('r/up.xml'))
  expect(await run('r')).toBe(succeeded)
  expect(results()).toHaveLength(2)
})

test('results beyond the limit are counted, not kept', () => {
  const result = { name: 'n', classname: 'c', runTime: 0, result: 'success', message: '', source: '' } as const
  const line = JSON.stringify(result).length + 1
  const path = peer.path('x')
  {
    using file = new ResultFile(path, 2 * line)
    for (let i = 0; i < 5; i++) file.add(result)
    file.flush()
    expect([file.kept, file.dropped]).toEqual([2, 3])
  }
  expect(peer.read(path)).toHaveLength(2 * line)
})
