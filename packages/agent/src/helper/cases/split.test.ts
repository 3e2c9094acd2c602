import { expect, it, test } from 'vitest'
import { share } from '../share.ts'
import { secondsOf } from '../tests/duration.ts'
import { Workplace } from './harness.ts'

const names = (count: number) => Array.from({ length: count }, (_, index) => `t${(index * 7) % count}`)
const timed = (seconds: Record<string, number>, key = 'file') =>
  Object.entries(seconds).map(([name, run_time]) => ({ name: 'x', [key]: name, run_time }))

it('254: three nodes share ten names, all of them, none twice, every time the same', () => {
  using place = new Workplace()
  const input = names(10).join('\n')

  const parts = place.nodes(3, ['tests', 'split'], input)

  expect(parts.flat().toSorted()).toEqual(names(10).toSorted())
  expect(parts.map((part) => part.length)).toEqual([4, 3, 3])
  expect(place.nodes(3, ['tests', 'split'], names(10).toReversed().join('\n'))).toEqual(parts)
})

it('254: any weights on any number of nodes: a partition that does not depend on the order', () => {
  for (const total of [1, 2, 3, 7, 64]) {
    const items = names(101).map((name, index) => ({ name, weight: (index * 31) % 11 }))
    const parts = Array.from({ length: total }, (_, index) => share(items, index, total))
    expect(parts.flat().toSorted()).toEqual(names(101).toSorted())
    expect(Array.from({ length: total }, (_, index) => share(items.toReversed(), index, total))).toEqual(parts)
    // The rule itself, said plainly: each to the least loaded node, the first among equals.
    const loads = new Array<number>(total).fill(0)
    const plain = items.toSorted((a, b) => b.weight - a.weight || (a.name < b.name ? -1 : 1))
    const nodeOf = new Map<string, number>()
    for (const { name, weight } of plain.filter((item) => item.weight > 0)) {
      const node = loads.indexOf(Math.min(...loads))
      loads[node] = (loads[node] ?? 0) + weight
      nodeOf.set(name, node)
    }
    for (const [name, node] of nodeOf) expect(parts[node]).toContain(name)
  }
})

it('keeps names that come twice, and deals weightless ones round robin', () => {
  expect(
    [0, 1].flatMap((index) =>
      share(
        ['b', 'a', 'a'].map((name) => ({ name, weight: 1 })),
        index,
        2,
      ),
    ),
  ).toHaveLength(3)
  const light = ['a', 'b', 'c', 'd'].map((name) => ({ name, weight: 0 }))
  expect([0, 1].map((index) => share(light, index, 2))).toEqual([
    ['a', 'c'],
    ['b', 'd'],
  ])
})

interface Case {
  args?: string[]
  input?: string
  env?: Record<string, string>
  files?: Record<string, string | number>
  results?: unknown[]
  stdout?: string
  stderr?: string | RegExp
  status?: number
}

const two = ['--index=0', '--total=2']

test.each<[string, Case]>([
  [
    '255: flags beat the environment',
    {
      args: ['--index', '1', '--total', '2'],
      input: 'a b c',
      env: { CIRCLE_NODE_INDEX: '0', CIRCLE_NODE_TOTAL: '3' },
      stdout: 'b\n',
    },
  ],
  ['255: the environment', { input: 'a b c', env: { CIRCLE_NODE_INDEX: '2', CIRCLE_NODE_TOTAL: '3' }, stdout: 'c\n' }],
  ['256: blanks', { args: two, input: 'a b c d', stdout: 'a\nc\n' }],
  ['256: line ends', { args: two, input: 'a\nb\nc\nd\n', stdout: 'a\nc\n' }],
  ['256: both, with empty ones', { args: two, input: ' a  b\n\n\tc d\r\n', stdout: 'a\nc\n' }],
  ['257: from a file', { args: [...two, 'list.txt'], files: { 'list.txt': 'a b\nc' }, stdout: 'a\nc\n' }],
  ['257: from stdin by its dash', { args: [...two, '-'], input: 'a b\nc', stdout: 'a\nc\n' }],
  ['257: no such file', { args: ['none.txt'], status: 1, stderr: /^Error: circleci tests split: ENOENT.*none\.txt/ }],
  [
    '258: file sizes',
    {
      args: ['--split-by=filesize', ...two],
      input: 'b c big d',
      files: { big: 100, b: 1, c: 1, d: 1 },
      stdout: 'big\n',
    },
  ],
  [
    '258: a missing file weighs nothing',
    {
      args: ['--split-by=filesize', ...two],
      input: 'big none',
      files: { big: 9 },
      stdout: 'big\nnone\n',
      stderr: 'No file found for "none"\n',
    },
  ],
  [
    '259: timings',
    {
      args: ['--split-by=timings', '--total=2', '--index=1'],
      input: 'x y z',
      results: timed({ x: 60, y: 30, z: 30 }),
      stdout: 'y\nz\n',
    },
  ],
  [
    '259: the sum of a file counts',
    {
      args: ['--split-by=timings', ...two],
      input: 'x y z',
      results: [...timed({ x: 20, y: 50, z: 35 }), ...timed({ x: 60 })],
      stdout: 'x\n',
    },
  ],
  [
    '260: no data',
    {
      args: ['--split-by', 'timings', ...two],
      input: 'b a',
      stdout: 'a\n',
      stderr:
        'Requested weighting by historical based timing, but they are not present. Falling back to weighting by name.\n',
    },
  ],
  [
    '261: ./ and absolute names are the same',
    {
      args: ['--split-by=timings', ...two],
      input: './a_test.rb b c',
      results: timed({ 'a_test.rb': 60, './b': 30, c: 30 }),
      stdout: './a_test.rb\n',
    },
  ],
  [
    '262: classnames',
    {
      args: ['--split-by=timings', '--timings-type=classname', ...two],
      input: 'A B C',
      results: timed({ A: 60, B: 30, C: 30 }, 'classname'),
      stdout: 'A\n',
    },
  ],
  [
    '262: testnames',
    {
      args: ['--split-by=timings', '--timings-type=testname', ...two],
      input: 'A B C',
      results: timed({ A: 60, B: 30, C: 30 }, 'name'),
      stdout: 'A\n',
    },
  ],
  [
    '262: detected by itself',
    {
      args: ['--split-by=timings', ...two],
      input: 'A B C',
      results: timed({ A: 60, B: 30, C: 30 }, 'classname'),
      stdout: 'A\n',
    },
  ],
  [
    '262: of two kinds the one that fits more',
    {
      args: ['--split-by=timings', ...two],
      input: 'A B C',
      results: [...timed({ A: 60, B: 30, C: 30 }, 'classname'), ...timed({ C: 1000 })],
      stdout: 'A\n',
    },
  ],
  [
    '262: nothing fits',
    {
      args: ['--split-by=timings', ...two],
      input: 'b a',
      results: timed({ x: 1 }),
      stdout: 'a\n',
      stderr: 'Error auto-detecting timing type, falling back to weighting by name.\n',
    },
  ],
  [
    '263: unknown tests weigh what is said',
    {
      args: ['--split-by=timings', '--time-default=10s', ...two],
      input: 'a n1 n2 n3',
      results: timed({ a: 25 }),
      stdout: 'a\n',
      stderr: 'No timing found for "n1"\nNo timing found for "n2"\nNo timing found for "n3"\n',
    },
  ],
  [
    '263: unknown tests weigh nothing by default',
    {
      args: ['--split-by=timings', ...two],
      input: 'a n1 n2',
      results: timed({ a: 25 }),
      stdout: 'a\nn1\n',
      stderr: /n1.*\n.*n2/,
    },
  ],
  [
    '264: counts',
    { args: ['--show-counts', ...two], input: 'x y z', stdout: 'x\nz\n', stderr: 'Read 3 names, printing 2\n' },
  ],
  ['265: no names', { input: ' \n', stderr: 'No test names found in input source\n' }],
  ['266: more nodes than names', { args: ['--index=2', '--total=3'], input: 'a b', stdout: '', stderr: '' }],
  [
    'a file of timings instead of ours',
    {
      args: ['--split-by=timings', '--timings-file=t.json', ...two],
      input: 'x y z',
      files: { 't.json': JSON.stringify({ tests: [...timed({ x: 60, y: 30, z: 30 }), 'odd', { file: 7 }] }) },
      results: timed({ z: 999 }),
      stdout: 'x\n',
    },
  ],
  [
    'a broken file of timings',
    {
      args: ['--split-by=timings', '--timings-file=t.json'],
      input: 'x',
      files: { 't.json': '{' },
      status: 1,
      stderr: /--timings-file cannot be used: .*JSON[\s\S]*ORY_HELPER_USAGE/,
    },
  ],
  [
    'what a script did to our file hurts nobody',
    {
      args: ['--split-by=timings', ...two],
      input: 'b a',
      results: ['odd', { file: [] }, null],
      stdout: 'a\n',
      stderr: /not present/,
    },
  ],
  [
    'verbose',
    {
      args: ['--verbose', ...two],
      input: 'a',
      stdout: 'a\n',
      stderr: 'Node 0 of 2: 1 of 1 names, weighed by name\n  a: 1\n',
    },
  ],
  ['no nodes', { args: ['--total', '0'], input: 'x', status: 1, stderr: /^Error: --total must be at least 1\n/ }],
  [
    'no such node',
    { args: ['--total=2', '--index=2'], status: 1, stderr: /^Error: --index must be less than --total \(2\)\n/ },
  ],
  ['too many nodes', { args: ['--total=999999999'], status: 1, stderr: /--total must be at most 100000/ }],
  ['no number', { args: ['--index=-1'], status: 1, stderr: /--index is "-1", but must be a whole number/ }],
  [
    'no such weight',
    { args: ['--split-by=size'], status: 1, stderr: /--split-by is "size", but must be name, filesize or timings/ },
  ],
  ['no such type', { args: ['--timings-type=x'], status: 1, stderr: /--timings-type is "x"/ }],
  ['no duration', { args: ['--time-default=10'], status: 1, stderr: /--time-default is "10"/ }],
  [
    'unknown flag',
    { args: ['--shards=2'], status: 1, stderr: /^Error: circleci tests split: unknown flag --shards\n/ },
  ],
  ['two files', { args: ['a', 'b'], status: 1, stderr: /unexpected argument "b"/ }],
])('%s', (_, { args = [], input = '', env = {}, files = {}, results, stdout = '', stderr, status = 0 }) => {
  using place = new Workplace().files(files)
  const run = place.circleci(['tests', 'split', ...args], {
    input,
    env: { ...env, ...(results && place.results(results)) },
  })
  expect(run).toMatchObject({ status, stdout })
  if (stderr instanceof RegExp) expect(run.stderr).toMatch(stderr)
  else expect(run.stderr).toBe(stderr ?? '')
})

test.each([
  ['10s', 10],
  ['1m30s', 90],
  ['0', 0],
  ['0s', 0],
  ['1.5s', 1.5],
  ['250ms', 0.25],
  ['2h', 7200],
  ['10', undefined],
  ['-5s', undefined],
  ['s', undefined],
  ['1e3s', undefined],
])('duration %s', (text, seconds) => {
  expect(secondsOf(text)).toBe(seconds)
})
