import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { ImpactAnswer } from '@orrery/protocol'
import { expect, it, test } from 'vitest'
import { ImpactIndex } from '../suites/impact/impact-index.ts'
import { Workplace } from './harness.ts'
import { ImpactShelf, type JobFacts, runJob } from './impact-job.ts'

const file = '.circleci/test-suites.yml'

/** A test is a file whose lines name the sources that it uses; the coverage names the others too, as not run. */
const suite = (options = '', more = 'analysis: ./cover.sh << outputs.lcov >> << test.atoms >>') => `name: s
discover: ls t/*
run: ./run.sh << outputs.junit >> << test.atoms >>
outputs: { junit: out/junit.xml }
${more}
options: { test-impact-analysis: true, ${options} }
`
const runner = `#!/bin/sh
report=$1; shift; echo "ran $@"; code=0; cases=
for t in "$@"; do
  inner='/'
  if grep -q fails $t; then code=1; inner='><failure/></testcase'; fi
  cases="$cases<testcase name=\\"one\\" file=\\"$t\\"$inner>"
done
echo "<testsuite>$cases</testsuite>" > $report; exit $code
`
const cover = `#!/bin/sh
report=$1; shift; echo "analyzed $@"
if grep -q fails "$@"; then exit 1; fi
for f in src/*; do
  hits=0; if grep -qx $f "$@"; then hits=1; fi
  printf 'SF:%s\nDA:1,%s\nend_of_record\n' $f $hits
done > $report
`
const sources = { 'src/a': '1', 'src/b': '1', 'src/both': '1' }
const tests = { 't/a': 'src/a\nsrc/both\n', 't/b': 'src/b\nsrc/both\n', 't/none': 'nothing\n' }

/** A checkout that the default branch has built and analyzed. */
async function analyzed(options = '', more?: string): Promise<{ place: Workplace; shelf: ImpactShelf }> {
  const place = new Workplace().files({ [file]: suite(options, more), 'run.sh': runner, 'cover.sh': cover })
  place.files({ ...sources, ...tests, 'package-lock.json': '{}', 'conf/a': '', 'conf/b': '' })
  const shelf = new ImpactShelf()
  const [run] = await runJob(place, shelf, { builds: 'default-branch' })
  expect(run).toMatchObject({ status: 0, stdout: expect.stringContaining('ran t/a t/b t/none\n') })
  return { place, shelf }
}

const ran = (stdout: string) => [...stdout.matchAll(/^ran (.*)$/gm)].flatMap(([, names = '']) => names.split(' '))
const analyzedIn = (stdout: string) => [...stdout.matchAll(/^analyzed (.*)$/gm)].map(([, name]) => name)

interface Case {
  options?: string
  /** What the branch changes; null removes. */
  changes: Record<string, string | null>
  job?: JobFacts
  ran: string[]
  /** Sentences of the log. */
  says: string[]
}

const failedTest = (path: string | null): ImpactAnswer['failed'][number] => ({ file: path, classname: '', name: 'one' })

test.each<[string, Case]>([
  [
    '279: one source changed: only its atoms run, and the log says why',
    {
      changes: { 'src/a': '2' },
      ran: ['t/a'],
      says: ['Selecting tests...\n  t/a: src/a changed\nSelected 1 of 3 test'],
    },
  ],
  [
    '279: a source of two',
    { changes: { 'src/both': '2' }, ran: ['t/a', 't/b'], says: ['t/a: src/both changed', 't/b: src/both changed'] },
  ],
  [
    '279: nothing that a test uses',
    {
      changes: { 'readme.md': 'x', 'src/new': '1' },
      ran: [],
      says: ['Selected 0 of 3 test atoms', 'No tests for this node'],
    },
  ],
  [
    'a changed test, which no coverage names',
    { changes: { 't/none': 'else\n' }, ran: ['t/none'], says: ['t/none: t/none changed'] },
  ],
  [
    '280: a new test file',
    { changes: { 't/new': 'src/b\n' }, ran: ['t/new'], says: ['t/new: is not in the impact data'] },
  ],
  [
    '280: a deleted file that tests used',
    { changes: { 'src/b': null }, ran: ['t/b'], says: ['t/b: src/b is missing'] },
  ],
  [
    '280: an atom that failed before',
    {
      changes: {},
      job: { failed: [failedTest('./t/b')] },
      ran: ['t/b'],
      says: ['t/b: failed in the previous run on this branch'],
    },
  ],
  [
    "280: another suite's failed test",
    {
      changes: { 'src/a': '2' },
      job: { failed: [failedTest('t/b'), failedTest('x/c')] },
      ran: ['t/a', 't/b'],
      says: [],
    },
  ],
  [
    '280: a failed test that cannot be told',
    {
      changes: {},
      job: { failed: [failedTest(null)] },
      ran: ['t/a', 't/b', 't/none'],
      says: ['All 3 test atoms are selected: tests failed in the previous run on this branch, and their names fit no'],
    },
  ],
  [
    '281: a full-test-run path changed',
    {
      options: "full-test-run-paths: ['*.json', 'conf/**']",
      changes: { 'package-lock.json': '{1}' },
      ran: ['t/a', 't/b', 't/none'],
      says: ['All 3 test atoms are selected: full-test-run-paths: package-lock.json changed'],
    },
  ],
  [
    '281: one is new',
    {
      options: "full-test-run-paths: ['conf/**']",
      changes: { 'conf/deep/x.yml': '' },
      ran: ['t/a', 't/b', 't/none'],
      says: ['full-test-run-paths: conf/deep/x.yml is new'],
    },
  ],
  [
    '281: one is gone',
    {
      options: 'full-test-run-paths: [package-lock.json]',
      changes: { 'package-lock.json': null },
      ran: ['t/a', 't/b', 't/none'],
      says: ['full-test-run-paths: package-lock.json is missing'],
    },
  ],
  [
    '281: one of several is gone',
    {
      options: "full-test-run-paths: ['conf/*']",
      changes: { 'conf/b': null },
      ran: ['t/a', 't/b', 't/none'],
      says: ['full-test-run-paths: conf/b is missing'],
    },
  ],
  [
    '281: none changed',
    { options: "full-test-run-paths: ['*.json']", changes: { 'src/a': '2' }, ran: ['t/a'], says: [] },
  ],
  [
    '281: what the tests leave behind is no change',
    { options: "full-test-run-paths: ['out/*.xml']", changes: { 'out/junit.xml': null }, ran: [], says: [] },
  ],
  [
    '282: always included',
    {
      options: 'test-selection-rules: [{ test-atom: t/none, include: true }]',
      changes: { 'src/a': '2' },
      ran: ['t/a', 't/none'],
      says: ['t/none: test-selection-rules: always included'],
    },
  ],
  [
    '282: included by globs',
    {
      options:
        'test-selection-rules: [{ test-atom: t/none, include: [none/*, src/b] }, { test-atom: t/a, include: x }]',
      changes: { 'src/b': '2' },
      ran: ['t/b', 't/none'],
      says: ['t/none: test-selection-rules: src/b changed'],
    },
  ],
  [
    'a tag runs all, and analyzes nothing',
    { changes: { 'src/a': '2' }, job: { builds: 'tag' }, ran: ['t/a', 't/b', 't/none'], says: [] },
  ],
  [
    'a branch runs all when it is told so',
    { changes: {}, job: { args: ['--run-tests=all'] }, ran: ['t/a', 't/b', 't/none'], says: [] },
  ],
  [
    '272: a rerun of failed tests runs those, whatever changed',
    {
      changes: { 'src/a': '2' },
      job: { rerunFailedOf: 'w', results: [{ file: 't/b', name: 'one', result: 'failure' }] },
      ran: ['t/b'],
      says: ['Rerunning 1 test atom(s)'],
    },
  ],
])('%s', async (_, { options = '', changes, job = {}, ran: expected, says }) => {
  const { place, shelf } = await analyzed(options)
  using _place = place
  const before = structuredClone(shelf.parts)
  for (const [path, content] of Object.entries(changes)) {
    if (content === null) rmSync(join(place.root, path))
    else place.files({ [path]: content })
  }

  const [run] = await runJob(place, shelf, job)

  expect([ran(run?.stdout ?? ''), run?.status]).toEqual([expected, 0])
  for (const sentence of says) expect(run?.stderr).toContain(sentence)
  expect(shelf.parts).toEqual(before)
})

it('283: without impact data all atoms run, and a branch keeps none', async () => {
  using place = new Workplace().files({ [file]: suite(), 'run.sh': runner, 'cover.sh': cover, ...sources, ...tests })
  const shelf = new ImpactShelf()

  const [run] = await runJob(place, shelf)

  expect([run?.status, run?.stdout]).toEqual([0, 'ran t/a t/b t/none\n'])
  expect(run?.stderr).toContain('Selecting tests...\nAll 3 test atoms are selected: there is no impact data\n')
  expect(shelf.parts).toEqual([])
})

it('283: the default branch runs all, and analyzes what is old', async () => {
  const { place, shelf } = await analyzed()
  using _ = place
  expect(shelf.atoms).toEqual(['t/a', 't/b', 't/none'])
  expect(shelf.filesOf('t/a')).toEqual(['src/a', 'src/both', 't/a'])
  expect(shelf.filesOf('t/none')).toEqual(['t/none'])
  place.files({ 'src/a': '2', 't/new': 'src/a\n' })
  rmSync(join(place.root, 't/none'))

  const [run] = await runJob(place, shelf, { builds: 'default-branch' })

  expect(ran(run?.stdout ?? '')).toEqual(['t/a', 't/b', 't/new'])
  expect(analyzedIn(run?.stdout ?? '')).toEqual(['t/a', 't/new'])
  expect([shelf.parts.length, shelf.atoms]).toEqual([1, ['t/a', 't/b', 't/new']])
  const [again] = await runJob(place, shelf)
  expect(again?.stderr).toContain('Selected 0 of 3 test atoms')
})

test.each<[string, string[], string[], string[], string]>([
  ['all', ['--analyze-tests=all'], ['t/a', 't/b', 't/none'], ['t/a', 't/b', 't/none'], 'Analyzing 3 of 3'],
  ['none', ['--analyze-tests=none'], ['t/a', 't/b', 't/none'], [], ''],
  ['impacted alone', ['--run-tests=none'], [], ['t/a'], 'Stored impact data about 3 test atoms'],
  ['impacted both', ['--run-tests', 'impacted'], ['t/a'], ['t/a'], 't/a: src/a changed'],
])('the default branch with other wishes: %s', async (_, args, expected, analyses, says) => {
  const { place, shelf } = await analyzed()
  using _place = place
  place.files({ 'src/a': '2' })

  const [run] = await runJob(place, shelf, { builds: 'default-branch', args })

  expect([ran(run?.stdout ?? ''), analyzedIn(run?.stdout ?? '')]).toEqual([expected, analyses])
  expect(run?.stderr).toContain(says)
  expect(shelf.atoms).toEqual(['t/a', 't/b', 't/none'])
})

it('nothing is kept of an atom whose tests fail, so it runs on every branch', async () => {
  const { place, shelf } = await analyzed()
  using _ = place
  place.files({ 't/a': 'src/a\nfails\n' })
  const [main] = await runJob(place, shelf, { builds: 'default-branch' })
  expect(main).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('the analysis of "t/a" ended with exit code 1'),
  })
  expect(shelf.atoms).toEqual(['t/b', 't/none'])

  const [branch] = await runJob(place, shelf)

  expect(ran(branch?.stdout ?? '')).toEqual(['t/a'])
})

test.each<[string, string, string]>([
  ['no analysis command', '', 'the suite needs an analysis command'],
  ['no placeholder', 'analysis: ./cover.sh x << test.atoms >>', 'the suite needs an analysis command'],
  ['no output', "analysis: 'true << outputs.lcov >>'", 'tells nothing: it wrote no coverage'],
  ['foreign output', 'analysis: echo x > << outputs.lcov >>', 'tells nothing: its coverage is no LCOV trace file'],
  ['malformed', "analysis: 'echo DA:x > << outputs.lcov >>'", 'tells nothing: a record stands outside of a file'],
  [
    'other paths',
    "analysis: printf 'SF:/app/a\\nDA:1,1\\n' > << outputs.lcov >>",
    'none of its 1 files is in the checkout',
  ],
])(
  'an analysis that tells nothing is a warning, and a failure only where nothing else was asked: %s',
  async (_, more, says) => {
    using place = new Workplace().files({ [file]: suite('', more), 'run.sh': runner, 'cover.sh': cover, ...sources })
    place.files(tests)
    const shelf = new ImpactShelf()

    const [run] = await runJob(place, shelf, { builds: 'default-branch' })
    const [alone] = await runJob(place, shelf, { builds: 'default-branch', args: ['--run-tests=none'] })

    expect([run?.status, alone?.status]).toEqual([0, 1])
    for (const one of [run, alone]) expect(one?.stderr).toContain(says)
    expect(shelf.atoms).toEqual([])
  },
)

test.each<[string, string | ((text: string) => string)]>([
  ['no JSON', 'x'],
  ['another version', '{"version":2,"files":{},"edges":{}}'],
  ['files of nobody', (text) => text.replace(/"files":\{.*?\}\}/, '"files":{}')],
  ['a path outside', (text) => text.replaceAll('"src/', '"../src/')],
  ['an absolute path', (text) => text.replaceAll('"src/', '"/etc/')],
  ['a path that is none', (text) => text.replaceAll('"src/', '"src/\\u0000')],
  ['a hash that is none', (text) => text.replaceAll(/"hash":"\w+"/g, '"hash":"x"')],
  ['numbers that are none', (text) => text.replaceAll(/\[0/g, '[-1')],
  ['a name of the language', (text) => text.replaceAll('"t/a"', '"__proto__"')],
  ['a list too deep', '['.repeat(100_000)],
])('stored data is not believed: %s', async (_, broken) => {
  const { place, shelf } = await analyzed()
  using _place = place
  shelf.parts = shelf.parts.map(({ id, text }) => ({ id, text: typeof broken === 'string' ? broken : broken(text) }))

  const [run] = await runJob(place, shelf)

  expect(run?.status).toBe(0)
  expect(ran(run?.stdout ?? '')).toContain('t/a')
  expect(run?.stderr).not.toContain(' at ')
})

it('nothing leads out of the checkout', async () => {
  // What is outside is as the data says: whoever looked there would find nothing changed.
  using elsewhere = new Workplace().files({ secret: '1' })
  const { place, shelf } = await analyzed()
  using _ = place
  mkdirSync(join(place.root, '.git'))
  const outside = `../${basename(elsewhere.root)}/secret`
  shelf.parts = shelf.parts.map(({ id, text }) => ({ id, text: text.replace('"src/b"', JSON.stringify(outside)) }))
  rmSync(join(place.root, 'src/a'))
  symlinkSync(join(elsewhere.root, 'secret'), join(place.root, 'src/a'))

  const [run] = await runJob(place, shelf)

  expect(run?.stderr).toContain(`  t/a: src/a is missing\n  t/b: ${outside} is missing\n`)
})

it('the newest word on an atom counts, also when it is none', () => {
  const index = new ImpactIndex()
  const hash = '0123456789abcdef'
  index.add({ version: 1, files: { 7: { path: 'a', hash } }, edges: { x: [7], y: [7], z: [7] } })
  index.add({ version: 1, files: { 7: { path: 'b', hash } }, edges: { y: [7], z: [8] } })

  const files = [...index.edges].map(([atom, numbers]) => [atom, index.filesOf(numbers).map(({ path }) => path)])
  expect(files).toEqual([
    ['x', ['a']],
    ['y', ['b']],
  ])
})

it('the nodes of a job select alike, whatever comes in between, and what they found out is joined', async () => {
  const { place, shelf } = await analyzed()
  using _ = place
  place.files({ 'src/both': '2' })
  for (const name of ['c', 'd', 'e']) place.files({ [`t/${name}`]: 'src/a\n' })

  // One node sees no data and would run all six.
  const seen = (parts: string[], nth: number) => (nth === 2 ? [] : parts)
  const nodes = await runJob(place, shelf, { nodes: 3, seen })

  const all = nodes.flatMap(({ stdout }) => ran(stdout)).toSorted()
  expect(all.length).toBeGreaterThanOrEqual(5)
  expect(all.filter((name) => name !== 't/none')).toEqual(['t/a', 't/b', 't/c', 't/d', 't/e'])
  expect(new Set(nodes.map(({ stderr }) => stderr.match(/All|t\/c: .*/)?.[0])).size).toBe(1)
  const main = await runJob(place, shelf, { builds: 'default-branch', nodes: 3 })
  expect(main.flatMap(({ stdout }) => analyzedIn(stdout)).toSorted()).toEqual(['t/a', 't/b', 't/c', 't/d', 't/e'])
  expect(main.map(({ stdout }) => analyzedIn(stdout).length).toSorted()).toEqual([1, 2, 2])
  expect(shelf.parts).toHaveLength(3)
  // The first node alone keeps what nobody analyzed.
  expect(shelf.data.filter(({ edges }) => edges['t/none'] !== undefined)).toHaveLength(1)
  expect(shelf.atoms).toEqual(['t/a', 't/b', 't/c', 't/d', 't/e', 't/none'])
  const [quiet] = await runJob(place, shelf)
  expect(quiet?.stderr).toContain('Selected 0 of 6 test atoms')
})

test.each<[string, string, string[], string]>([
  ['outside a job', suite(), [], 'there is no impact data outside a job, all tests are selected'],
  ['analysis outside a job', suite(), ['--analyze-tests=all'], 'there is nowhere to keep impact data'],
  [
    'a suite without',
    suite().replace('true', 'false'),
    ['--analyze-tests=impacted'],
    '--analyze-tests=impacted needs options.test-impact-analysis',
  ],
  [
    'a suite without, and a wish',
    suite().replace('true', 'false'),
    ['--run-tests=impacted'],
    'no impact data of this suite',
  ],
])('testsuite run, %s', (_, text, args, says) => {
  using place = new Workplace().files({ [file]: text, 'run.sh': runner, ...tests })
  expect(place.circleci(['testsuite', 'run', 's', ...args]).stderr).toContain(says)
})

test.each<[string, string, string, number]>([
  ['all is well', suite(), 'ok   analysis of "t/a" tells 3 files, for example src/a, src/both, t/a\n', 0],
  ['no command', suite('', ''), 'fix  analysis of "t/a" is not possible: the suite needs an analysis command', 1],
  ['nothing', suite('', 'analysis: exit 3; << outputs.lcov >>'), 'fix  analysis of "t/a" tells no file', 1],
])('doctor, %s', (_, text, says, status) => {
  using place = new Workplace().files({ [file]: text, 'run.sh': runner, 'cover.sh': cover, ...sources, ...tests })
  const result = place.circleci(['testsuite', 'doctor', 's'])
  expect([result.status, result.stdout]).toEqual([status, expect.stringContaining(says)])
})

test.each<[string, string]>([
  ['braces that stand for too much', `'${'{a,b}'.repeat(40)}'`],
  ['a key that is too long', `x], impact-key: ${'x'.repeat(201)}, max-auto-rerun: 0, test-selection-rules: [`],
])('refuses %s', async (_, glob) => {
  using place = new Workplace().files({ [file]: suite(`full-test-run-paths: [${glob}]`), 'run.sh': runner, ...tests })
  const [run] = await runJob(place, new ImpactShelf())
  expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('ORY_TEST_SUITES') })
})
