import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, test } from 'vitest'
import { analyzeAtoms } from '../suites/impact/analyze.ts'
import { Checkout } from '../suites/impact/checkout.ts'
import { filesInCoverage, readCircleciCoverage } from '../suites/impact/coverage-output.ts'
import { filesInGoList, filesInList } from '../suites/impact/file-mapper.ts'
import { parseSuites } from '../suites/load.ts'
import { Workplace } from './harness.ts'
import { ImpactShelf, runJob } from './impact-job.ts'

const file = '.circleci/test-suites.yml'
let place: Workplace
const before = process.cwd()
beforeEach(() => {
  place = new Workplace()
})
afterEach(() => {
  process.chdir(before)
  place[Symbol.dispose]()
})

/** Functions that read as the helper does: from a directory of a checkout. */
async function within(directory = '.'): Promise<Checkout> {
  mkdirSync(join(place.root, '.git'), { recursive: true })
  process.chdir(join(place.root, directory))
  return await Checkout.open()
}

const goProfile = `mode: set
example.com/app/order/order.go:10.2,12.3 3 1
example.com/app/order/order.go:14.2,16.3 3 0
example.com/app/order/unused.go:1.1,2.2 1 0
example.com/app/lib/lib.go:1.1,2.2 1 7
mode: set
example.com/tool/main.go:1.1,2.2 1 1
github.com/other/thing/x.go:1.1,2.2 1 1
`

it('go-coverage: what ran of the modules of the checkout', async () => {
  place.files({
    'go.work': 'go 1.24\nuse ./app // the product\nuse (\n\t./tool\n)\n',
    'app/go.mod': 'module example.com/app\n\ngo 1.24\n',
    'tool/go.mod': 'module "example.com/tool"\n',
    'app/order/order.go': '',
    'app/order/unused.go': '',
    'app/lib/lib.go': '',
    'tool/main.go': '',
    cover: goProfile,
  })
  const checkout = await within('app')

  const files = await filesInCoverage('outputs.go-coverage', '../cover', checkout)

  expect(files.toSorted()).toEqual(['app/lib/lib.go', 'app/order/order.go', 'tool/main.go'])
})

test.each<[string, string, string]>([
  ['another format', 'TN:\nSF:x\n', 'no Go cover profile'],
  ['a line that is none', 'mode: set\nnonsense\n', 'a line that is none: "nonsense"'],
  ['modules of others', 'mode: set\nexample.org/x/y.go:1.1,2.2 1 1\n', 'none of its 1 files is in the checkout'],
  ['nothing', '', 'it wrote no coverage'],
])('go-coverage: %s', async (_, text, says) => {
  place.files({ cover: text })
  const checkout = await within()
  await expect(filesInCoverage('outputs.go-coverage', 'cover', checkout)).rejects.toThrow(says)
})

it('circleci-coverage: every scope of a test that is an atom used the file', async () => {
  place.files({ 'src/a.js': '', 'src/b.js': '', 'web/lib.js': '', 't/x.js': '', 't/y.js': '' })
  place.files({
    'cover.json': JSON.stringify({
      'src/a.js': { 't/x.js!!Orders!!Orders adds|run': true, './t/y.js!!all|run': true },
      'src/b.js': { 't/x.js!!one|run': [1, 2], 't/x.js!!two|run': [7], 't/y.js!!none|run': [], 't/y.js!!odd|run': 'x' },
      'web/../web/lib.js': { 't/x.js!!Orders|run': true },
      '../outside.js': { 't/x.js!!one|run': true },
      'src/gone.js': { 't/y.js!!all|run': true, 'z.js!!x|run': true },
    }),
  })
  const checkout = await within()

  const found = await readCircleciCoverage('cover.json', ['./t/x.js', 't/y.js', 'Orders'], checkout)

  expect(Object.fromEntries(found.files)).toEqual({
    './t/x.js': ['src/a.js', 'src/b.js', 'web/lib.js'],
    't/y.js': ['src/a.js'],
    Orders: ['src/a.js', 'web/lib.js'],
  })
  expect([found.strangers, found.outside]).toEqual([1, 2])
})

test.each<[string, string]>([
  ['no JSON', 'x'],
  ['a list', '[]'],
  ['files without tests', '{"a.js": true}'],
])('circleci-coverage: %s', async (_, text) => {
  place.files({ 'cover.json': text })
  const checkout = await within()
  await expect(readCircleciCoverage('cover.json', [], checkout)).rejects.toThrow('no document of files and their tests')
})

it('a file-mapper speaks of many atoms at once', () => {
  expect(filesInList('x\nTA:a b\nt/1.js\r\n\nt/2.js\nTA:c\nTA:a b\nt/3.js\n')).toEqual(
    new Map([
      ['a b', ['t/1.js', 't/2.js', 't/3.js']],
      ['c', []],
    ]),
  )
  const one = { Dir: '/w/order', ImportPath: 'example.com/order', TestGoFiles: ['a_test.go'], XTestGoFiles: null }
  const two = { Dir: '/w/lib', ImportPath: 'example.com/lib', XTestGoFiles: ['}\n{_test.go'] }
  const text = [one, two].map((each) => `${JSON.stringify(each, null, '\t')}\n`).join('')
  expect(filesInGoList(text, ['example.com/order', '/w/lib', 'unknown'])).toEqual(
    new Map([
      ['example.com/order', ['/w/order/a_test.go']],
      ['/w/lib', ['/w/lib/}\n{_test.go']],
    ]),
  )
  expect(() => filesInGoList('{\n"Dir": 1\n}\n', [])).toThrow('something else than packages')
  expect(() => filesInGoList('nonsense', [])).toThrow('something else than packages')
})

const suite = (commands: string) => `name: s
discover: echo A B C
run: echo ran
${commands}
options: { test-impact-analysis: true }
`
/** All atoms in one pass; B fails. */
const plugin = `#!/bin/sh
echo "pass over: $3"
echo '{"src/a": {"A!!one|run": true, "C!!one|run": true}, "src/b": {"B!!one|run": true, "D|run": true}}' > $1
echo '<testsuite><testcase name="x" classname="B"><failure/></testcase></testsuite>' > $2
exit 1
`

it('analyzes in a single pass, and asks the file-mapper where the tests are', async () => {
  place.files({
    [file]: suite(
      'file-mapper: ./map.sh << outputs.circleci-list >>\n' +
        'analysis: ./plugin.sh << outputs.circleci-coverage >> << outputs.junit >> "<< test.atoms >>"',
    ),
    'plugin.sh': plugin,
    'map.sh': '#!/bin/sh\nwhile read -r atom; do printf "TA:%s\\nt/%s\\n" $atom $atom; done > $1\n',
    ...{ 'src/a': '1', 'src/b': '1', 't/A': '1', 't/B': '1' },
  })
  const shelf = new ImpactShelf()

  const [main] = await runJob(place, shelf, { builds: 'default-branch' })

  expect(main?.stdout).toContain('pass over: A B C\n')
  expect(main?.status).toBe(0)
  for (const says of [
    'the coverage names 1 tests that are no test atoms',
    '1 test atoms failed during analysis',
    'no test file is known of 1 of 3 test atoms, for example "C"',
  ]) {
    expect(main?.stderr).toContain(says)
  }
  expect(shelf.atoms).toEqual(['A', 'C'])
  expect([shelf.filesOf('A'), shelf.filesOf('C')]).toEqual([['src/a', 't/A'], ['src/a']])

  place.files({ 't/A': '2' })
  const [branch] = await runJob(place, shelf)
  expect(branch?.stderr).toContain('  A: t/A changed\n  B: is not in the impact data\nSelected 2 of 3 test atoms')
})

test.each<[string, string, string]>([
  ['a pass that fails without a report', 'exit 3; x << outputs.circleci-coverage >>', 'it ended with exit code 3'],
  ['a file-mapper that fails', 'x << outputs.lcov >>\nfile-mapper: exit 7', 'file-mapper ended with exit code 7'],
])('%s is a warning', async (_, analysis, says) => {
  place.files({ [file]: suite(`analysis: ${analysis}`) })
  const shelf = new ImpactShelf()
  const [main] = await runJob(place, shelf, { builds: 'default-branch' })
  expect(main).toMatchObject({ status: 0, stderr: expect.stringContaining(says) })
  expect(shelf.atoms).toEqual([])
})

it('test-analysis-duration: what was begun is finished, the rest waits for the next run', async () => {
  const checkout = await within()
  place.files({ 'src/a': '1' })
  const [parsed] = parseSuites(
    suite("analysis: printf 'SF:src/a\\nDA:1,1\\n' > << outputs.lcov >>").replace(
      'analysis: true',
      'analysis: true, test-analysis-duration: 2',
    ),
  )
  if (parsed === undefined) throw new Error('no suite')
  let minutes = 0
  const now = () => 60_000 * minutes++

  const analyzed = await analyzeAtoms(parsed, ['A', 'B', 'C', 'D'], checkout, now)

  expect([...analyzed].map(([atom, files]) => [atom, files.map(({ path }) => path)])).toEqual([
    ['A', ['src/a']],
    ['B', ['src/a']],
  ])
})

it('a Go project is analyzed package by package', async () => {
  const go = `#!/bin/sh
case $1 in list)
  for p in order lib; do
    printf '{\\n\\t"Dir": "%s/%s",\\n\\t"ImportPath": "example.com/app/%s",\\n\\t"TestGoFiles": ["x_test.go"]\\n}\\n' $PWD $p $p
  done;;
test)
  p=\${3#example.com/app/}; echo "tests of $p"
  printf 'mode: set\\n%s/%s.go:1.1,2.2 1 1\\nexample.com/app/lib/lib.go:1.1,2.2 1 1\\n' $3 $p > $2;;
esac
`
  place.files({
    [file]: `name: s
discover: printf 'example.com/app/order\\nexample.com/app/lib\\n'
run: echo ran << test.atoms >>
file-mapper: ./go.sh list > << outputs.go-list-json >>
analysis: ./go.sh test << outputs.go-coverage >> << test.atoms >>
options: { test-impact-analysis: true }
`,
    'go.sh': go,
    'go.mod': 'module example.com/app\n',
    ...{ 'order/order.go': '1', 'order/x_test.go': '1', 'lib/lib.go': '1', 'lib/x_test.go': '1' },
  })
  const shelf = new ImpactShelf()

  const [main] = await runJob(place, shelf, { builds: 'default-branch' })

  expect(main?.stdout).toBe('ran example.com/app/lib example.com/app/order\ntests of lib\ntests of order\n')
  expect(shelf.filesOf('example.com/app/order')).toEqual(['lib/lib.go', 'order/order.go', 'order/x_test.go'])
  place.files({ 'order/order.go': '2' })
  const [branch] = await runJob(place, shelf)
  expect(branch?.stdout).toBe('ran example.com/app/order\n')
})
