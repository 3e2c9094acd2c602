import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Orrery } from './kit/orrery.ts'
import { jobNamed, logOf, statuses, untilEnd } from './kit/outcome.ts'
import { Repository } from './kit/repository.ts'

let orrery: Orrery
beforeAll(async () => {
  orrery = await Orrery.start()
})
afterAll(async () => {
  await orrery?.[Symbol.asyncDispose]()
})

const wholePath = `version: 2.1
parameters:
  greeting: { type: string, default: hello }
executors:
  base:
    docker: [{ image: 'cimg/base:2024.02' }]
    environment: { FROM_EXECUTOR: 'yes' }
commands:
  say:
    parameters: { what: { type: string } }
    steps:
      - run: { name: Say << parameters.what >>, command: 'echo "<< parameters.what >>, $CIRCLE_JOB on $CIRCLE_BRANCH"' }
jobs:
  build:
    executor: base
    steps:
      - checkout
      - restore_cache: { keys: ['deps-{{ checksum "lock" }}', deps-] }
      - run: 'mkdir -p deps out && echo cached > deps/a && echo built > out/app && git rev-parse HEAD'
      - save_cache: { key: 'deps-{{ checksum "lock" }}', paths: [deps] }
      - persist_to_workspace: { root: ., paths: [out] }
      - say: { what: << pipeline.parameters.greeting >> }
  test:
    parameters: { kind: { type: string } }
    executor: base
    parallelism: 2
    steps:
      - attach_workspace: { at: /tmp/ws }
      - run: { name: Use, command: 'cat /tmp/ws/out/app; echo "node $CIRCLE_NODE_INDEX of $CIRCLE_NODE_TOTAL << parameters.kind >>"' }
      - run: 'mkdir -p r && echo "<testsuite name=\\"s\\"><testcase name=\\"t$CIRCLE_NODE_INDEX\\" time=\\"0.1\\"/></testsuite>" > r/j.xml'
      - store_test_results: { path: r }
      - store_artifacts: { path: r, destination: reports }
  publish:
    executor: base
    steps: [{ attach_workspace: { at: . } }, { run: { name: Publish, command: cat out/app } }]
workflows:
  main:
    jobs:
      - build
      - test:
          requires: [build]
          matrix: { parameters: { kind: [unit, slow] } }
      - hold: { type: approval, requires: [test] }
      - publish: { requires: [hold] }
      - never: { requires: [build], filters: { branches: { only: release } } }
  off:
    when: { equal: [bye, << pipeline.parameters.greeting >>] }
    jobs: [build]
`.replace('  publish:\n    executor', '  never: { executor: base, steps: [run: "false"] }\n  publish:\n    executor')

describe('a push', () => {
  it('runs the whole path: jobs, matrix, caches, workspace, approval, artifacts, test results', async () => {
    const repository = await Repository.create(orrery, 'whole', { lock: '1\n', '.circleci/config.yml': wholePath })
    const client = await orrery.client()

    const pipeline = await repository.pipeline()
    const result = await untilEnd(client, pipeline.id)

    expect(statuses(result)).toEqual({
      build: 'success',
      'test-unit': 'success',
      'test-slow': 'success',
      hold: 'success',
      publish: 'success',
    })
    expect(pipeline.pushed).toContain(`Pipeline ${pipeline.number} of ${repository.slug}`)
    const build = await jobNamed(client, result, 'build')
    expect(await logOf(client, build, 'Say hello')).toContain('hello, build on main\r\n')
    expect(await logOf(client, build, 'Restoring Cache')).toContain('No cache is found for key: deps-')
    const test = await jobNamed(client, result, 'test-unit')
    expect(await logOf(client, test, 'Use', 1)).toContain('built\r\nnode 1 of 2 unit\r\n')
    expect((await client.artifacts(test.id)).map((one) => [one.path, one.nodeIndex])).toEqual([
      ['reports/j.xml', 0],
      ['reports/j.xml', 1],
    ])
    expect((await client.tests(test.id)).map((one) => one.name).sort()).toEqual(['t0', 't1'])
  })

  it('finds the cache of the run before', async () => {
    const repository = await Repository.create(orrery, 'again', { lock: '1\n', '.circleci/config.yml': wholePath })
    const client = await orrery.client()
    await untilEnd(client, (await repository.pipeline()).id)

    const result = await untilEnd(client, (await repository.pipeline({ 'readme.md': 'x' })).id)

    const build = await jobNamed(client, result, 'build')
    expect(await logOf(client, build, 'Restoring Cache')).toContain('Found a cache from build')
    expect(await logOf(client, build, 'Saving Cache')).toMatch(/skip/i)
  })

  it('reaches service containers on localhost and by name, and keeps their logs', async () => {
    const repository = await Repository.create(orrery, 'services', {
      '.circleci/config.yml': `version: 2.1
jobs:
  build:
    docker:
      - image: cimg/base:2024.02
      - { image: cimg/redis:7.2 }
      - { image: cimg/redis:7.2, name: other.cache }
    steps:
      - run:
          name: Ping both
          command: |
            ping() { for i in $(seq 100); do (printf 'PING\\r\\n' > /dev/tcp/$1/6379) 2>/dev/null && break; sleep 0.1; done
              exec 3<>/dev/tcp/$1/6379; printf 'SET who %s\\r\\nGET who\\r\\n' $1 >&3; for i in 1 2 3; do read -r line <&3; echo "$line"; done; }
            ping localhost
            ping other.cache
            exec 3<>/dev/tcp/localhost/6379; printf 'GET who\\r\\n' >&3; read -r a <&3; read -r b <&3; echo "still $b"
`,
    })
    const client = await orrery.client()

    const result = await untilEnd(client, (await repository.pipeline()).id)

    expect(statuses(result)).toEqual({ build: 'success' })
    const log = await logOf(client, await jobNamed(client, result, 'build'), 'Ping both')
    expect(log).toMatch(/^other\.cache\r+$/m)
    expect(log).toMatch(/still localhost/)
    const job = await jobNamed(client, result, 'build')
    const services = job.tasks[0]?.steps.filter((step) => step.name.startsWith('Container ')) ?? []
    expect(services).toHaveLength(2)
    // a service's step ends after its job; whoever follows the log gets all of it
    let log0 = ''
    const at = { jobId: job.id, task: 0, step: services[0]?.step ?? 0, attempt: 0 }
    for await (const chunk of client.followLog(at, 0, AbortSignal.timeout(20_000))) log0 += chunk.text
    expect(log0).toContain('Ready to accept connections')
  })

  it('fails the job whose step fails, runs what runs always, and skips what depends on it', async () => {
    const repository = await Repository.create(orrery, 'fails', {
      '.circleci/config.yml': `version: 2.1
jobs:
  bad:
    docker: [{ image: cimg/base:2024.02 }]
    steps:
      - run: { name: Break, command: 'echo before; exit 3' }
      - run: { name: Never, command: echo never }
      - run: { name: Clean, when: always, command: echo cleaned }
      - run: { name: Tell, when: on_fail, command: echo told }
  after: { docker: [{ image: cimg/base:2024.02 }], steps: [run: echo after] }
workflows: { main: { jobs: [bad, { after: { requires: [bad] } }] } }
`,
    })
    const client = await orrery.client()

    const result = await untilEnd(client, (await repository.pipeline()).id)

    expect(statuses(result)).toEqual({ bad: 'failed', after: 'not_run' })
    expect(result.workflows[0]?.status).toBe('failed')
    const job = await jobNamed(client, result, 'bad')
    const steps = job.tasks[0]?.steps
      .filter((step) => step.step > 100)
      .map((step) => [step.name, step.status, step.exitCode])
    expect(steps).toEqual([
      ['Break', 'failed', 3],
      ['Clean', 'success', 0],
      ['Tell', 'success', 0],
    ])
  })

  it('gives an errored pipeline for a broken config, with the place on the push and in the pipeline', async () => {
    const repository = await Repository.create(orrery, 'broken', { 'readme.md': 'x' })
    const client = await orrery.client()

    const pipeline = await repository.pipeline({
      '.circleci/config.yml':
        'version: 2.1\njobs:\n  build:\n    docker: [{ image: cimg/base:2024.02 }]\n    steps:\n      - runn: echo\n',
    })

    expect(pipeline.state).toBe('errored')
    expect(pipeline.errors[0]).toMatchObject({ type: 'config', file: '.circleci/config.yml', line: 6 })
    expect(pipeline.pushed).toContain('.circleci/config.yml:6:')
    expect(pipeline.pushed).toContain(pipeline.errors[0]?.message)
    expect((await client.pipeline(pipeline.id)).workflows).toEqual([])
  })
})
