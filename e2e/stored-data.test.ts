import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApiClient } from '../packages/cli/src/client/api.ts'
import type { PipelineResult } from '../packages/cli/src/client/follow.ts'
import { Orrery } from './kit/orrery.ts'
import { jobNamed, logOf, statuses, untilEnd } from './kit/outcome.ts'
import { Repository } from './kit/repository.ts'

const config = `version: 2.1
jobs:
  make:
    docker: [{ image: 'cimg/base:2024.02', user: root }]
    steps:
      - run: |
          mkdir -p /opt/kept/empty /root/.m2 r && cd /opt/kept
          echo content > run.sh && chmod 750 run.sh && ln -s run.sh link && ln run.sh twin && touch .hidden
          touch -d '2020-01-02 03:04:05Z' run.sh && echo jar > /root/.m2/a.jar
      - save_cache: { key: 'tree-{{ .Environment.CIRCLE_JOB }}-{{ arch }}', paths: [/opt/kept] }
      - save_cache: { key: root-v1, paths: [/root/.m2] }
      - persist_to_workspace: { root: /opt, paths: [kept] }
      - run: |
          echo '<testsuites><testsuite name="s" file="s.test.js"><testcase name="red"><failure message="no"/></testcase></testsuite></testsuites>' > r/a.xml
          echo '<testsuite><testcase name="green"/><testcase name="skip"><skipped/></testcase></testsuite>' > r/b.xml
          echo '<testsuite><testcase' > r/broken.xml
          printf 'SF:src/a.js\\nDA:1,1\\nDA:2,0\\nend_of_record\\n' > lcov.info
      - store_test_results: { path: r }
      - store_artifacts: { path: lcov.info }
  bare:
    docker: [{ image: 'busybox:1.36' }]
    steps:
      - restore_cache: { keys: [nothing-, tree-make-] }
      - run: { name: Look, command: "cd /opt/kept && stat -c '%n %a %Y %h' run.sh && readlink link && cat twin && ls -A1" }
  user:
    docker: [{ image: 'cimg/base:2024.02' }]
    steps:
      - attach_workspace: { at: /tmp/ws }
      - run: { name: Own, command: "cd /tmp/ws/kept && cat run.sh && stat -c '%u %a' run.sh && echo more > .hidden" }
      - restore_cache: { keys: [root-v1] }
  breaks:
    docker: [{ image: 'cimg/base:2024.02' }]
    parallelism: 2
    steps:
      - run: |
          mkdir -p out r && echo "node $CIRCLE_NODE_INDEX" | tee 'out/a b+ü.txt' "out/$CIRCLE_NODE_INDEX"
          echo '<testsuite><testcase name="t"><error/></testcase></testsuite>' > r/a.xml
      - persist_to_workspace: { root: out, paths: ['[0-9]'] }
      - run: exit 3
      - save_cache: { key: never-v1, paths: [out] }
      - store_test_results: { path: r }
      - store_artifacts: { path: out, destination: "$FOO" }
  after:
    docker: [{ image: 'busybox:1.36' }]
    steps:
      - attach_workspace: { at: /tmp/ws }
      - restore_cache: { keys: [never-] }
      - run: { name: See, command: cat /tmp/ws/0 /tmp/ws/1 }
workflows:
  main:
    jobs:
      - make
      - bare: { requires: [make] }
      - user: { requires: [make] }
      - breaks
      - after: { requires: [{ breaks: [failed] }] }
`

let orrery: Orrery
let client: ApiClient
let result: PipelineResult

beforeAll(async () => {
  orrery = await Orrery.start({ settings: { cacheBytes: 100_000_000 } })
  client = await orrery.client()
  const repository = await Repository.create(orrery, 'stored', { '.circleci/config.yml': config })
  result = await untilEnd(client, (await repository.pipeline()).id)
})
afterAll(async () => {
  await orrery?.[Symbol.asyncDispose]()
})

const log = async (job: string, step: string, node = 0) =>
  logOf(client, await jobNamed(client, result, job), step, node)

/** One pipeline; each case looks at one behaviour of it, by the numbers of the specification's list. */
describe('what jobs store, in real containers', () => {
  it('decides the jobs (206, 228, 248)', () => {
    expect(statuses(result)).toEqual({
      make: 'success',
      bare: 'success',
      user: 'failed',
      breaks: 'failed',
      after: 'success',
    })
  })

  it('restores a cache without tar in the image: modes, times, links, empty directories (186, 189, 208, 209)', async () => {
    expect(await log('bare', 'Restoring Cache')).toMatch(
      /^No cache is found for key: nothing-\nFound a cache from build 1 at tree-make-linux-/,
    )
    expect(await log('bare', 'Look')).toContain(
      'run.sh 750 1577934245 2\r\nrun.sh\r\ncontent\r\n.hidden\r\nempty\r\nlink\r\nrun.sh\r\ntwin\r\n',
    )
  })

  it('fails to restore what root saved into its home (204)', async () => {
    expect(await log('user', 'Restoring Cache')).toMatch(
      /Failed to unarchive cache\n\/root\/\.m2.*: permission denied\n/,
    )
  })

  it('attaches as the user of the step, who owns the files then (211, 227)', async () => {
    expect(await log('user', 'Own')).toContain('content\r\n3434 750\r\n')
  })

  it('keeps what a failed job stored before it failed, and nothing of its save_cache (206, 222, 228, 246)', async () => {
    expect(await log('after', 'See')).toContain('node 0\r\nnode 1\r\n')
    expect(await log('after', 'Restoring Cache')).toBe('No cache is found for key: never-\n')
    const breaks = await jobNamed(client, result, 'breaks')
    expect((await client.tests(breaks.id)).map(({ name, result }) => [name, result])).toEqual([
      ['t', 'error'],
      ['t', 'error'],
    ])
  })

  it('keeps artifacts of each node under their literal names (232, 234, 235)', async () => {
    const breaks = await jobNamed(client, result, 'breaks')
    const artifacts = (await client.artifacts(breaks.id)).filter(({ path }) => path.includes(' '))
    expect(artifacts.map(({ path, nodeIndex }) => [path, nodeIndex])).toEqual([
      ['$FOO/a b+ü.txt', 0],
      ['$FOO/a b+ü.txt', 1],
    ])
    for (const { url, nodeIndex } of artifacts) {
      const answer = await fetch(new URL(url, orrery.url), { headers: { 'circle-token': await orrery.token() } })
      expect(await answer.text()).toBe(`node ${nodeIndex}\n`)
    }
  })

  it('counts tests, also beside a broken report, and leaves the job green (239, 243, 244, 248)', async () => {
    const make = await jobNamed(client, result, 'make')
    expect((await client.tests(make.id)).map(({ name, result }) => [name, result])).toEqual([
      ['red', 'failure'],
      ['green', 'success'],
      ['skip', 'skipped'],
    ])
    expect(await log('make', 'Uploading test results')).toMatch(/Error: \S+broken\.xml is broken/)
  })

  it('reads the coverage report among the artifacts', async () => {
    const make = await jobNamed(client, result, 'make')
    const address = new URL(`/api/private/jobs/${make.id}/coverage`, orrery.url)
    const answer = await fetch(address, { headers: { 'circle-token': await orrery.token() } })
    expect(await answer.json()).toMatchObject({
      items: [{ report: 'lcov.info', format: 'lcov', files: [{ file: 'src/a.js' }] }],
      summary: { lines: { covered: 1, total: 2 } },
    })
  })
})

/** What the server keeps is spoilt on purpose after the first job: only bytes from the runner's own store are right. */
describe('a cache that this runner has had already', () => {
  const restoring = `version: 2.1
jobs:
  JOB:
    docker: [{ image: 'cimg/base:2024.02' }]
    steps:
      - restore_cache: { keys: [shared-v1] }
      - run: { name: See, command: "sha256sum < /tmp/kept/data || echo nothing" }
      - run: mkdir -p /tmp/kept && head -c 3000000 /dev/urandom > /tmp/kept/data
      - run: { name: Made, command: "sha256sum < /tmp/kept/data" }
      - save_cache: { key: shared-v1, paths: [/tmp/kept] }
workflows: { main: { jobs: [JOB] } }
`

  it('is restored without a download', async () => {
    const repository = await Repository.create(orrery, 'again', {
      '.circleci/config.yml': restoring.replaceAll('JOB', 'again'),
    })
    const run = async () => {
      const ended = await untilEnd(client, (await repository.pipeline()).id)
      return jobNamed(client, ended, 'again')
    }

    const made = await logOf(client, await run(), 'Made')
    const first = await logOf(client, await run(), 'See')
    const kept = await readdir(join(orrery.dataDir, 'runner', 'archives'))
    for (const name of kept.filter((one) => one.length === 64)) {
      const blob = join(orrery.dataDir, 'blobs', name.slice(0, 2), name)
      await writeFile(blob, Buffer.alloc((await stat(blob)).size))
    }
    const again = await run()

    const sum = /[0-9a-f]{64}/.exec(made)?.[0]
    expect(sum).toBeDefined()
    expect(first).toContain(sum)
    expect(await logOf(client, again, 'Restoring Cache')).not.toContain('Warning')
    expect(await logOf(client, again, 'See')).toContain(sum)
  })
})
