import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, test } from 'vitest'
import { atomsIn, batchCommand } from '../suites/commands.ts'
import { parseSuites } from '../suites/load.ts'
import { failedAtoms } from '../suites/report.ts'
import { runBatches } from '../suites/run-suite.ts'
import { Workplace } from './harness.ts'

const file = '.circleci/test-suites.yml'
const minimal = 'name: s\ndiscover: echo a b\nrun: cat\n'

/** A suite whose tests are files: a test passes once it was tried as often as its file says. */
const suite = (options: string, run = './run.sh << outputs.junit >> << test.atoms >>') =>
  `name: s\ndiscover: ls t/*\nrun: ${run}\noutputs: { junit: out/junit.xml }\noptions: { ${options} }\n`
const runner = `#!/bin/sh
report=$1; shift; code=0; cases=
for t in "$@"; do
  echo x >> $t.tries; inner='/'
  if [ $(wc -l < $t.tries) -lt $(cat $t) ]; then code=1; inner='><failure message="no"/></testcase'; fi
  cases="$cases<testcase name=\\"one\\" file=\\"$t\\"$inner>"
done
echo "<testsuite>$cases</testsuite>" > $report
echo "ran $@"; exit $code
`

test.each([
  ['276: one line', 'a b  c\n', ['a', 'b', 'c']],
  ['276: one line without end', 'a b', ['a', 'b']],
  ['lines', 'a\nb c\r\n\nd\n', ['a', 'b c', 'd']],
  ['twice the same', 'a\na\nb\n', ['a', 'b']],
  ['nothing', '\n \n', []],
])('discover: %s', (_, output, atoms) => {
  expect(atomsIn(output)).toEqual(atoms)
})

test.each([
  ['placeholders', 'run << test.atoms >> --out <<outputs.junit>>', { line: 'run a b --out j.xml', input: '' }],
  ['277: stdin', 'run', { line: 'run', input: 'a\nb\n' }],
])('run: %s', (_, run, expected) => {
  expect(batchCommand(run, ['a', 'b'], 'j.xml')).toEqual(expected)
})

it('run: a name from the repository is a word, not a command', () => {
  const names = ['a b', '$(reboot)', "it's", 'src/[id].ts', '$&']
  const { line } = batchCommand('printf "%s|" << test.atoms >>', names, '')
  using place = new Workplace()
  expect(place.circleci(['tests', 'run', `--command=${line}`], { input: 'x' }).stdout).toBe(`${names.join('|')}|`)
})

test.each<[string, string, string]>([
  [
    '286: too many reruns',
    `${minimal}options: { max-auto-rerun: 11 }`,
    'line 4: options.max-auto-rerun is more than 10',
  ],
  [
    '286: too long an analysis',
    `${minimal}options:\n  test-analysis-duration: 301`,
    'line 5: options.test-analysis-duration is more than 300 minutes',
  ],
  ['no name', 'discover: x\nrun: y\n', 'line 1: name is missing'],
  ['an empty run', 'name: s\ndiscover: x\nrun: ""\n', 'line 3: run is empty'],
  ['unknown key', `${minimal}runs: x\n`, 'line 1: unknown key runs'],
  ['unknown option', `${minimal}options: { retries: 1 }\n`, 'line 4: unknown key options.retries'],
  ['a list', '- a\n', 'line 1: the document'],
  ['no YAML', 'name: [\n', 'line 2: '],
  [
    'a placeholder that run cannot have',
    'name: s\ndiscover: x\nrun: y << outputs.lcov >>\n',
    'line 3: run cannot hold << outputs.lcov >>',
  ],
  [
    'a wrong duration',
    `${minimal}options: { auto-rerun-duration: soon }\n`,
    'options.auto-rerun-duration must be a duration',
  ],
  [
    'too many rules',
    `${minimal}options: { test-selection-rules: [{ test-atom: a, include: [${'x,'.repeat(101)}] }] }\n`,
    'options.test-selection-rules.0.include',
  ],
  [
    'a store shared',
    ['a', 'b'].map((name) => `${minimal.replace('s', name)}options: { test-impact-analysis: true }\n`).join('---\n'),
    'share the impact-key',
  ],
  ['a well', `name: ${'['.repeat(100_000)}`, 'test-suites.yml: '],
  [
    'a bomb',
    `a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n`,
    'alias',
  ],
])('%s', (_, text, message) => {
  expect(() => parseSuites(text)).toThrow(message)
  expect(() => parseSuites(text)).toThrow(expect.objectContaining({ code: 'ORY_TEST_SUITES' }))
})

it('takes all keys of the format', () => {
  const [first, second] = parseSuites(`---
name: unit
discover: x
run: y << test.atoms >> << outputs.junit >>
file-mapper: z << test.atoms >> > << outputs.circleci-list >>
analysis: y << outputs.lcov >>
outputs: { junit: reports/j.xml }
options:
  test-impact-analysis: true
  test-analysis-duration: 300
  impact-key: unit
  dynamic-test-splitting: true
  full-test-run-paths: [package.json, 'src/**']
  test-selection-rules: [{ test-atom: a, include: true }, { test-atom: b, include: 'c/**' }]
  max-auto-rerun: 10
  auto-rerun-duration: 20%
---
${minimal}`)
  expect(first?.options['max-auto-rerun']).toBe(10)
  expect(second).toMatchObject({ name: 's', outputs: {}, options: { 'max-auto-rerun': 0 } })
})

function run(options: string, tries: Record<string, number>, args: string[] = [], env: Record<string, string> = {}) {
  const place = new Workplace().files({ [file]: suite(options), 'run.sh': runner })
  place.files(Object.fromEntries(Object.entries(tries).map(([name, count]) => [`t/${name}`, `${count}`])))
  return { place, result: place.circleci(['testsuite', 'run', 's', ...args], { env }) }
}

test.each<[string, string, Record<string, number>, number, string[]]>([
  ['284: passes on the second try', 'max-auto-rerun: 2', { a: 1, b: 2 }, 0, ['ran t/a t/b', 'ran t/b']],
  ['284: fails to the end', 'max-auto-rerun: 2', { a: 1, b: 4 }, 1, ['ran t/a t/b', 'ran t/b', 'ran t/b']],
  ['284: no reruns asked', '', { a: 1, b: 2 }, 1, ['ran t/a t/b']],
  ['284: no time for reruns', 'max-auto-rerun: 2, auto-rerun-duration: 1%', { a: 9 }, 1, ['ran t/a', 'ran t/a']],
  ['all pass', 'max-auto-rerun: 2', { a: 1 }, 0, ['ran t/a']],
])('%s', (_, options, tries, status, runs) => {
  const { place, result } = run(options, tries)
  using _place = place
  expect(result.stdout.trim().split('\n')).toEqual(runs)
  expect(result.status).toBe(status)
})

it('284: keeps the reports of all attempts, and takes none of an earlier run for evidence', () => {
  const { place } = run('max-auto-rerun: 1', { b: 2 })
  using _ = place
  expect(readdirSync(join(place.root, 'out')).toSorted()).toEqual(['junit-attempt-1.xml', 'junit.xml'])
  expect(readFileSync(join(place.root, 'out/junit-attempt-1.xml'), 'utf8')).toContain('<failure')
  place.files({
    [file]: suite('max-auto-rerun: 3', 'echo ran; exit 3'),
    'out/junit.xml': '<testsuite><testcase name="x"><failure/></testcase></testsuite>',
  })
  const broken = place.circleci(['testsuite', 'run', 's'])
  expect(broken).toMatchObject({ status: 3, stdout: 'ran\n' })
  expect(broken.stderr).toContain('no report names a failed test')
})

it('278: without outputs.junit the placeholder is a file of its own, which is read', () => {
  using place = new Workplace().files({ 't/a': '2', 'run.sh': runner })
  place.files({ [file]: suite('max-auto-rerun: 1').replace('outputs: { junit: out/junit.xml }\n', '') })
  expect(place.circleci(['testsuite', 'run', 's'])).toMatchObject({ status: 0, stdout: 'ran t/a\nran t/a\n' })
})

it('splits by timings over the nodes, each test once', () => {
  const env = (index: number) => ({ CIRCLE_NODE_INDEX: `${index}`, CIRCLE_NODE_TOTAL: '2' })
  using place = new Workplace().files({ [file]: suite(''), 'run.sh': runner })
  place.files({ 't/a': '1', 't/b': '1', 't/c': '1' })
  const results = place.results(
    ['t/b', 't/a', 't/c'].map((name, index) => ({ file: name, run_time: [60, 30, 30][index] })),
  )

  const runs = [0, 1].map((index) => place.circleci(['testsuite', 'run', 's'], { env: { ...env(index), ...results } }))

  expect(runs.map((one) => one.stdout)).toEqual(['ran t/b\n', 'ran t/a t/c\n'])
})

test.each<[string, string, string[], number, string]>([
  [
    '283: no impact data',
    'test-impact-analysis: true',
    [],
    0,
    'there is no impact data outside a job, all tests are selected',
  ],
  ['none', '', ['--run-tests=none'], 0, 'no test is run'],
  ['all', '', ['--run-tests', 'all'], 0, 'Requested weighting'],
  ['no such choice', '', ['--run-tests=some'], 1, '--run-tests is "some"'],
  ['no analysis', '', ['--analyze-tests=none'], 0, ''],
  ['unknown flag', '', ['--suite=s'], 1, 'unknown flag --suite'],
  ['286: a wrong file', 'max-auto-rerun: 11', [], 1, 'options.max-auto-rerun is more than 10'],
])('testsuite run: %s', (_, options, args, status, stderr) => {
  const { place, result } = run(options, { a: 1 }, args)
  using _place = place
  expect([result.status, result.stderr]).toEqual([status, expect.stringContaining(stderr)])
})

test.each<[string, string, RegExp, number]>([
  [
    'all is well',
    suite(''),
    /^ok {3}"s" is well-formed\nok {3}discover finds 1 tests, the first is "t\/a"\nran t\/a\nok {3}run of "t\/a" ends with exit code 0\nok {3}the report names 1 tests\n$/,
    0,
  ],
  ['286: a wrong value', suite('max-auto-rerun: 11'), /^$/, 1],
  ['no report', minimal, /fix {2}run makes no JUnit report/, 1],
  ['discover finds nothing', minimal.replace('echo a b', 'echo'), /fix {2}discover printed nothing/, 1],
  [
    'run fails',
    suite('', 'exit 3'),
    /fix {2}run of "t\/a" ends with exit code 3\nfix {2}no test results in out\/junit.xml/,
    1,
  ],
])('doctor: %s', (_, text, stdout, status) => {
  using place = new Workplace().files({ [file]: text, 'run.sh': runner, 't/a': '1' })
  const result = place.circleci(['testsuite', 'doctor', 's'])
  expect(result.stdout).toMatch(stdout)
  expect(result.status).toBe(status)
})

test.each<[string, Record<string, string>, string[], string]>([
  ['no file', {}, ['s'], 'it cannot be read'],
  ['no such suite', { [file]: minimal }, ['other'], 'there is no suite "other"; there are "s"'],
  ['two of the name', { [file]: `${minimal}---\n${minimal}` }, ['s'], 'there are 2 suites of the name "s"'],
  ['no name', { [file]: minimal }, [], '"NAME" is missing'],
  ['discover fails', { [file]: minimal.replace('echo a b', 'exit 7') }, ['s'], 'discover ended with exit code 7'],
])('testsuite run says: %s', (_, files, args, stderr) => {
  using place = new Workplace().files(files)
  expect(place.circleci(['testsuite', 'run', ...args])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining(stderr),
  })
})

it('finds the atoms that hold failed tests, or takes all when one fits none', () => {
  const result = { message: '', source: '', runTime: 0 }
  const failed = { ...result, result: 'failure' as const }
  const ok = { ...result, result: 'success' as const, name: 'x', classname: 'C' }
  expect(failedAtoms(['./a', 'B', 'c'], [ok, { ...failed, name: 'x', classname: '', file: 'a' }])).toEqual(['./a'])
  expect(failedAtoms(['./a', 'B', 'c'], [{ ...failed, name: 'c', classname: 'B' }])).toEqual(['B'])
  expect(failedAtoms(['./a', 'B'], [{ ...failed, name: 'c', classname: '' }])).toEqual(['./a', 'B'])
})

it('285: a batch that failed does not keep the next from running, and its report stays', async () => {
  using place = new Workplace().files({ 't/a': '9', 't/b': '1', 'run.sh': runner })
  const before = process.cwd()
  process.chdir(place.root)
  try {
    const [parsed] = parseSuites(suite('', './run.sh << outputs.junit >> << test.atoms >> >> ran.txt'))
    if (parsed === undefined) throw new Error('no suite')
    const batches = async function* () {
      yield ['t/a']
      yield ['t/b']
    }
    expect(await runBatches(parsed, batches())).toBe(1)
  } finally {
    process.chdir(before)
  }
  expect(readFileSync(join(place.root, 'ran.txt'), 'utf8')).toBe('ran t/a\nran t/b\n')
  expect(readdirSync(join(place.root, 'out')).toSorted()).toEqual(['junit-batch-1.xml', 'junit.xml'])
})
