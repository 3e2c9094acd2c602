import type { JobView } from '@orrery/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApiClient } from '../packages/cli/src/client/api.ts'
import { Orrery } from './kit/orrery.ts'
import { jobNamed, logOf, statuses, untilEnd } from './kit/outcome.ts'
import { Repository } from './kit/repository.ts'

let orrery: Orrery
let client: ApiClient
beforeAll(async () => {
  orrery = await Orrery.start()
  client = await orrery.client()
})
afterAll(async () => {
  await orrery?.[Symbol.asyncDispose]()
})

/** Runs the tests it is given and writes a report; a test is a file that holds its seconds and whether it passes. */
const runner = `#!/bin/sh
mkdir -p reports; code=0; exec > reports/junit.xml
echo '<testsuite name="all">'
for t in "$@"; do
  read -r seconds verdict < "$t"; inner=
  if [ "$verdict" = fails ]; then code=1; inner='<failure message="no"/>'; fi
  echo "<testcase name=\\"one\\" file=\\"$t\\" time=\\"$seconds\\">$inner</testcase>"
  echo "ran $t" >&2
done
echo '</testsuite>'; exit $code
`
const tests = (verdict: string) => ({
  't/a.test': '60 passes\n',
  't/b.test': `30 ${verdict}\n`,
  't/c.test': '20 passes\n',
  't/d.test': '10 passes\n',
})

/** An image with nothing but busybox, a user without a name, no network: the helper needs none of them. */
const config = `version: 2.1
jobs:
  test:
    docker: [{ image: 'busybox:1.36' }]
    parallelism: 3
    steps:
      - checkout
      - run:
          name: Test
          command: |
            circleci tests glob "t/**/*.test" |
              circleci tests run --verbose --split-by=timings --command="xargs sh ./run.sh"
      - store_test_results: { path: reports }
  split:
    docker: [{ image: 'busybox:1.36' }]
    steps:
      - checkout
      - run: { name: Test, command: 'circleci tests glob "t/*" | circleci tests split | xargs sh ./run.sh' }
      - store_test_results: { path: reports }
  suite:
    docker: [{ image: 'busybox:1.36' }]
    parallelism: 3
    steps:
      - checkout
      - run: { name: Test, command: 'circleci testsuite run unit' }
      - store_test_results: { path: reports }
  nodes:
    docker: [{ image: 'busybox:1.36' }]
    parallelism: 3
    steps:
      - run: { name: Index, command: 'echo "node $CIRCLE_NODE_INDEX of $CIRCLE_NODE_TOTAL"' }
      - run: { name: Fail on one, command: '[ "$CIRCLE_NODE_INDEX" != 1 ]' }
      - run: { name: Halt on two, command: '[ "$CIRCLE_NODE_INDEX" != 2 ] || circleci-agent step halt; echo to the end' }
      - run: { name: Later, command: 'sleep 1; echo still here' }
      - run: { name: Always, when: always, command: 'echo always' }
  idle:
    docker: [{ image: 'busybox:1.36', user: '4711:4711' }]
    parallelism: 2
    working_directory: /tmp/place
    steps:
      - run: { name: Deal, command: 'echo one | circleci tests run --command=">files.txt xargs echo"' }
      - run: { name: Halt, command: '[ -s files.txt ] || circleci task halt' }
      - run: { name: Only with files, command: 'cat files.txt' }
  helper:
    docker: [{ image: 'busybox:1.36', user: '4711:4711' }]
    working_directory: /tmp/place
    environment: { PATH: '/usr/local/bin:/usr/bin:/bin', WORLD: moon, NODE_OPTIONS: --require /none.js, LD_PRELOAD: /none.so }
    steps:
      - run: { name: Substitute, command: '/orrery/bin/circleci env subst "hello \\$WORLD"; echo "a \\\${WORLD}" | /orrery/bin/circleci env subst' }
      - run: { name: Environment, command: 'echo x | /orrery/bin/circleci tests run --command="env | grep ^NODE_OPTIONS; env | grep -c ORRERY_KEPT || true"' }
      - run: { name: Split, command: 'seq 9 | /orrery/bin/circleci tests split --total=3 --index=1 --show-counts' }
      - run: { name: Refuse, command: '/orrery/bin/circleci run release log && exit 9; /orrery/bin/circleci nonsense && exit 9; true' }
workflows: { main: { jobs: [test, split, suite, nodes, idle, helper] } }
`

/** What each node ran, by its log. */
async function ran(job: JobView): Promise<string[][]> {
  const logs = await Promise.all(job.tasks.map(({ index }) => logOf(client, job, 'Test', index)))
  return logs.map((log) => [...log.matchAll(/^ran (\S+)\r$/gm)].map(([, name = '']) => name))
}

const stepStatuses = (job: JobView) =>
  job.tasks.map((task) =>
    Object.fromEntries(task.steps.filter(({ step }) => step > 100).map(({ name, status }) => [name, status])),
  )

const suites = `name: unit
discover: ls t/*
run: sh ./run.sh << test.atoms >>
outputs: { junit: reports/junit.xml }
options: { dynamic-test-splitting: true }
`

describe('a job of several nodes', () => {
  it('splits its tests, reruns those that failed, and knows all timings afterwards', async () => {
    const repository = await Repository.create(orrery, 'split', {
      'run.sh': runner,
      '.circleci/config.yml': config,
      '.circleci/test-suites.yml': suites,
      ...tests('fails'),
    })

    const first = await untilEnd(client, (await repository.pipeline()).id)

    expect(statuses(first)).toEqual({
      test: 'failed',
      split: 'failed',
      suite: 'failed',
      nodes: 'failed',
      idle: 'success',
      helper: 'success',
    })
    const test = await jobNamed(client, first, 'test')
    // 260: no timings yet, so by name: round robin
    expect(await ran(test)).toEqual([['t/a.test', 't/d.test'], ['t/b.test'], ['t/c.test']])
    expect(await logOf(client, test, 'Test')).toContain('Requested weighting by historical based timing')

    // 285: from one queue, each exactly once
    const inSuite = await ran(await jobNamed(client, first, 'suite'))
    expect(inSuite.flat().toSorted()).toEqual(['t/a.test', 't/b.test', 't/c.test', 't/d.test'])

    const nodes = await jobNamed(client, first, 'nodes')
    // 76, 269: one node fails, one halts, the others go their way
    expect(await logOf(client, nodes, 'Index', 2)).toContain('node 2 of 3\r\n')
    expect(await logOf(client, nodes, 'Later', 0)).toContain('still here\r\n')
    expect(await logOf(client, nodes, 'Halt on two', 2)).toContain('to the end\r\n')
    expect(nodes.tasks.map((task) => task.status)).toEqual(['success', 'failed', 'success'])
    const well = { Index: 'success', 'Fail on one': 'success', 'Halt on two': 'success' }
    expect(stepStatuses(nodes)).toEqual([
      { ...well, Later: 'success', Always: 'success' },
      { Index: 'success', 'Fail on one': 'failed', Always: 'success' },
      well,
    ])

    const idle = await jobNamed(client, first, 'idle')
    expect(stepStatuses(idle)).toEqual([
      { Deal: 'success', Halt: 'success', 'Only with files': 'success' },
      { Deal: 'success', Halt: 'success' },
    ])
    const helper = await jobNamed(client, first, 'helper')
    expect(await logOf(client, helper, 'Substitute')).toContain('hello moon\r\na moon\r\n')
    const environment = await logOf(client, helper, 'Environment')
    expect(environment).toMatch(/^NODE_OPTIONS=--require \/none\.js\r\n0\r\n$/m)
    expect(await logOf(client, helper, 'Split')).toMatch(/Read 9 names, printing 3\r\n2\r\n5\r\n8\r\n/)
    expect(await logOf(client, helper, 'Refuse')).toMatch(/ORY_NOT_YET[\s\S]*unknown command "nonsense"/)

    // 272, 275: node 1 ran what failed; all three nodes start, and the one that gets it runs nothing else
    const [old] = first.workflows
    const rerunId = await client.rerun(old?.id ?? '', true, true)
    const again = await untilEnd(client, first.pipeline.id)
    const rerun = again.workflows.find((workflow) => workflow.id === rerunId)
    expect(rerun?.pipeline.revision).toBe(first.pipeline.revision)
    const job = await client.job(rerun?.jobs.find((one) => one.name === 'test')?.id ?? '')
    expect(await ran(job)).toEqual([['t/b.test'], [], []])
    // 274: whoever does not use `tests run` runs everything
    const whole = await client.job(rerun?.jobs.find((one) => one.name === 'split')?.id ?? '')
    expect(await ran(whole)).toEqual([['t/a.test', 't/b.test', 't/c.test', 't/d.test']])
    const queued = await client.job(rerun?.jobs.find((one) => one.name === 'suite')?.id ?? '')
    expect((await ran(queued)).flat()).toEqual(['t/b.test'])
    const log = await logOf(client, job, 'Test', 2)
    expect(log).toContain(`Received failed tests from workflow ${old?.id}`)
    expect(log).toContain('1 test(s) failed out of 4 total test(s). Rerunning 1 test file(s)')
    expect(log).toContain('No tests for this node: the command is not run')

    // 259: the next run knows the timings of all four, not only those of the rerun
    const next = await untilEnd(client, (await repository.pipeline(tests('passes'))).id)
    expect(await ran(await jobNamed(client, next, 'test'))).toEqual([
      ['t/a.test'],
      ['t/b.test'],
      ['t/c.test', 't/d.test'],
    ])
  })
})
