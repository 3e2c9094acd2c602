import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, test } from 'vitest'
import { onlyFailed } from '../tests/failed.ts'
import type { TimingsType } from '../tests/timings.ts'
import { Workplace } from './harness.ts'

const node = (index: number, total: number) => ({ CIRCLE_NODE_INDEX: `${index}`, CIRCLE_NODE_TOTAL: `${total}` })

it("267: the command gets this node's names", () => {
  using place = new Workplace()
  const run = place.circleci(['tests', 'run', '--command=xargs echo'], { input: 'a\nb\nc\n', env: node(0, 2) })
  expect(run).toEqual({ status: 0, stdout: 'a c\n', stderr: '' })
  expect(place.circleci(['tests', 'run', '--command', 'xargs echo'], { input: 'b a' }).stdout).toBe('a b\n')
})

test.each<[string, string, number]>([
  ['268: exit code', 'exit 4', 4],
  ['no such program', 'no-such-program-here', 127],
  ['killed', 'kill -9 $$', 137],
  ['a pipe counts by its end', 'false | true', 0],
  ['an ignored failure', 'false; true', 0],
])('%s', (_, command, status) => {
  using place = new Workplace()
  expect(place.circleci(['tests', 'run', '--command', command], { input: 'a' }).status).toBe(status)
})

it('269: without names for this node the command does not run', () => {
  using place = new Workplace()
  const command = '>files.txt xargs echo'
  const run = place.circleci(['tests', 'run', `--command=${command}`], { input: 'a', env: node(1, 2) })
  expect(run).toEqual({ status: 0, stdout: '', stderr: 'No tests for this node: the command is not run\n' })
  expect(() => readFileSync(join(place.root, 'files.txt'))).toThrow('ENOENT')
  expect(place.circleci(['tests', 'run', `--command=${command}`], { input: '' })).toMatchObject({
    status: 0,
    stderr: 'No test names found in input source\nNo tests for this node: the command is not run\n',
  })
})

it('270: names are separated by blanks, and nothing follows the last', () => {
  using place = new Workplace()
  const run = place.circleci(['tests', 'run', '--command=xargs -d" " -I{} echo {}'], { input: 'a b c' })
  expect(run.stdout).toBe('a\nb\nc\n')
  expect(place.circleci(['tests', 'run', '--command=od -An -c'], { input: 'a b\n' }).stdout.trim()).toBe('a       b')
})

test.each<[string, string[], RegExp]>([
  ['271: no command', [], /^Error: circleci tests run: the flag --command is missing\n/],
  ['271: an empty command', ['--command= '], /the flag --command is missing/],
  ['271: a command without its value', ['--command'], /the flag --command needs a value/],
  ['a file', ['--command=x', 'list.txt'], /unexpected argument "list.txt"/],
  ['unknown flag', ['--command=x', '--retry'], /unknown flag --retry/],
])('%s', (_, args, stderr) => {
  using place = new Workplace()
  const run = place.circleci(['tests', 'run', ...args], { input: 'a' })
  expect([run.status, run.stdout]).toEqual([1, ''])
  expect(run.stderr).toMatch(stderr)
})

it('splits by timings, with all flags of split, and the names of a type that other pages use', () => {
  using place = new Workplace()
  const results = place.results([
    { file: 'x', run_time: 60 },
    { file: 'y', run_time: 30 },
    { file: 'z', run_time: 30 },
  ])
  const flags = ['--split-by=timings', '--timings-type=file', '--time-default=1s', '--show-counts', '-v']
  const run = place.circleci(['tests', 'run', '--command=cat', ...flags], {
    input: 'z y x',
    env: { ...node(1, 2), ...results },
  })
  expect(run).toMatchObject({ status: 0, stdout: 'y z' })
  expect(run.stderr).toContain('Read 3 names, printing 2\n')
  expect(run.stderr).toContain('  y: 30\n')
})

it('a command may open its input by name', () => {
  using place = new Workplace()
  expect(place.circleci(['tests', 'run', '--command=cat /dev/stdin'], { input: 'a b' }).stdout).toBe('a b')
})

it('works where the data of the task is named but not there', () => {
  using place = new Workplace()
  const env = { CIRCLE_INTERNAL_TASK_DATA: '/nowhere' }
  expect(place.circleci(['tests', 'run', '--command=cat'], { input: 'a', env })).toEqual({
    status: 0,
    stdout: 'a',
    stderr: '',
  })
})

it('a command may leave its input unread, however long it is', () => {
  using place = new Workplace()
  const input = Array.from({ length: 200_000 }, (_, index) => `spec/some/file_${index}_spec.rb`).join('\n')
  expect(place.circleci(['tests', 'run', '--command=true'], { input })).toEqual({ status: 0, stdout: '', stderr: '' })
})

const earlier = {
  rerunFailedOf: 'w',
  tests: [
    { file: 'a.rb', classname: 'A', name: 'one', seconds: 1, failed: true },
    { file: 'a.rb', classname: 'A', name: 'two', seconds: 1, failed: false },
    { file: 'b.rb', classname: 'B', name: 'three', seconds: 1, failed: false },
    { file: undefined, classname: 'C', name: 'four', seconds: 1, failed: true },
  ],
}

test.each<[string, TimingsType, string[], string[]]>([
  ['272: files', 'filename', ['./a.rb', 'b.rb', 'c.rb'], ['./a.rb']],
  ['272: classes', 'classname', ['A', 'B', 'C'], ['A', 'C']],
  ['272: names', 'testname', ['one', 'two', 'four'], ['one', 'four']],
  ['272: detected', 'autodetect', ['a.rb', 'b.rb'], ['a.rb']],
  ['272: detected, where only some failures name a file', 'autodetect', ['a.rb', 'C', 'B'], ['a.rb', 'C']],
  ['272: what failed and is gone', 'autodetect', ['b.rb', 'new.rb'], []],
])('%s', (_, type, names, expected) => {
  expect(onlyFailed(names, earlier, type)).toEqual({ names: expected, failedTests: 2, allTests: 4 })
})
