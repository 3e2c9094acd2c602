import type { JobView } from '@orrery/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApiClient } from '../packages/cli/src/client/api.ts'
import type { PipelineResult } from '../packages/cli/src/client/follow.ts'
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

/** A test is a file that names its sources; it fails when one of them is broken. */
const runner = `#!/bin/sh
mkdir -p reports; code=0; exec > reports/junit.xml
echo '<testsuite name="all">'
for t in "$@"; do
  inner=
  if grep -q broken $(cat $t); then code=1; inner='<failure message="no"/>'; fi
  echo "<testcase name=\\"one\\" file=\\"$t\\">$inner</testcase>"
  echo "ran $t" >&2
done
echo '</testsuite>'; exit $code
`
/** Coverage of one test in LCOV. */
const cover = `#!/bin/sh
for f in $(cat $2); do printf 'SF:%s\\nDA:1,1\\nend_of_record\\n' $f; done > $1
echo "analyzed $2" >&2
`

const config = `version: 2.1
jobs:
  test:
    docker: [{ image: 'busybox:1.36' }]
    parallelism: 2
    steps:
      - checkout
      - run: { name: Test, command: 'circleci testsuite run unit' }
      - store_test_results: { path: reports }
workflows: { main: { jobs: [test] } }
`
const suites = `name: unit
discover: ls t/*
run: sh ./run.sh << test.atoms >>
analysis: sh ./cover.sh << outputs.lcov >> << test.atoms >>
outputs: { junit: reports/junit.xml }
options: { test-impact-analysis: true, full-test-run-paths: [run.sh] }
`

/** What the nodes ran or analyzed, by their logs. */
async function told(job: JobView, word: 'ran' | 'analyzed'): Promise<string[]> {
  const logs = await Promise.all(job.tasks.map(({ index }) => logOf(client, job, 'Test', index)))
  const lines = logs.flatMap((log) => [...log.matchAll(/^(ran|analyzed) (\S+)\r$/gm)])
  return lines.flatMap(([, verb, name = '']) => (verb === word ? [name] : [])).toSorted()
}

async function branchPipeline(repository: Repository, files: Record<string, string>): Promise<PipelineResult> {
  const revision = await repository.commit(files, 'Change')
  await repository.push('HEAD:refs/heads/feature')
  const found = (await client.pipelines(repository.slug)).find((one) => one.revision === revision)
  if (found === undefined) throw new Error('no pipeline for the branch')
  return await untilEnd(client, found.id)
}

describe('test impact analysis', () => {
  it('learns on the default branch and runs on another one what a change touches (279, 280, 281, 283)', async () => {
    const repository = await Repository.create(orrery, 'impact', {
      'run.sh': runner,
      'cover.sh': cover,
      '.circleci/config.yml': config,
      '.circleci/test-suites.yml': suites,
      'src/a': 'one\n',
      'src/b': 'one\n',
      't/a1': 'src/a\n',
      't/a2': 'src/a\n',
      't/b': 'src/b\n',
      't/both': 'src/a src/b\n',
    })
    const all = ['t/a1', 't/a2', 't/b', 't/both']

    const main = await untilEnd(client, (await repository.pipeline()).id)

    expect(statuses(main)).toEqual({ test: 'success' })
    const learned = await jobNamed(client, main, 'test')
    expect([await told(learned, 'ran'), await told(learned, 'analyzed')]).toEqual([all, all])

    const changed = await branchPipeline(repository, { 'src/b': 'broken\n' })
    const job = await jobNamed(client, changed, 'test')
    expect([await told(job, 'ran'), await told(job, 'analyzed')]).toEqual([['t/b', 't/both'], []])
    for (const node of [0, 1]) {
      expect(await logOf(client, job, 'Test', node)).toContain(
        'Selecting tests...\r\n  t/b: src/b changed\r\n  t/both: src/b changed\r\nSelected 2 of 4 test atoms\r\n',
      )
    }
    expect(statuses(changed)).toEqual({ test: 'failed' })

    const mended = await branchPipeline(repository, { 'src/b': 'one\n' })
    const again = await jobNamed(client, mended, 'test')
    expect(await told(again, 'ran')).toEqual(['t/b', 't/both'])
    expect(await logOf(client, again, 'Test')).toContain('t/b: failed in the previous run on this branch\r\n')

    const quiet = await branchPipeline(repository, { 'readme.md': 'new\n' })
    expect(await told(await jobNamed(client, quiet, 'test'), 'ran')).toEqual([])

    const whole = await branchPipeline(repository, { 'run.sh': `${runner}# new\n` })
    expect(await told(await jobNamed(client, whole, 'test'), 'ran')).toEqual(all)
  })
})
