import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Step } from '@orrery/protocol'
import { expect, it, test } from 'vitest'
import { TestPlace } from '../../test/kit/place.ts'
import { jobSpec, run } from '../../test/kit/spec.ts'

const storeNothing: Step = { kind: 'store_artifacts', name: 'Uploading artifacts', path: '/nonexistent', origin: [] }

it('runs the steps in order and says everything about them', async () => {
  await using place = await TestPlace.create(jobSpec([run('echo one'), run('printf two; exit 3'), run('echo never')]))

  const code = await place.run()

  const { peer } = place
  expect(code).toBe(0)
  expect(peer.events.map((event) => [event.type, 'step' in event ? event.step : null])).toEqual([
    ['step.started', 1],
    ['step.ended', 1],
    ['step.started', 101],
    ['step.ended', 101],
    ['step.started', 102],
    ['step.ended', 102],
    ['task.ended', null],
  ])
  expect(peer.log(101)).toBe('#!/bin/bash -eo pipefail\necho one\none\r\n')
  expect(peer.output(102)).toBe('two\nExited with code exit status 3\n\nOrrery received exit code 3\n')
  expect(peer.ended(102)).toMatchObject({ status: 'failed', exitCode: 3, insignificant: false })
  expect(peer.taskEnded).toMatchObject({ outcome: 'failed' })
})

test.each<[string, Step[], string[], string]>([
  ['always after a failure', [run('exit 1'), run('true', { when: 'always' })], ['101 failed', '102 success'], 'failed'],
  [
    'on_fail after a failure',
    [run('false'), run('true', { when: 'on_fail' })],
    ['101 failed', '102 success'],
    'failed',
  ],
  ['on_fail in a green job', [run('true'), run('true', { when: 'on_fail' })], ['101 success'], 'success'],
  [
    'a recovered failure is still one',
    [run('false'), run('true', { when: 'on_fail' }), run('true')],
    ['101 failed', '102 success'],
    'failed',
  ],
  [
    'a failing always step',
    [run('false', { when: 'always' }), run('true', { when: 'on_fail' })],
    ['101 failed', '102 success'],
    'failed',
  ],
  ['store steps after a failure', [run('false'), storeNothing], ['101 failed', '102 success'], 'failed'],
  ['an explicit when on a store step', [run('true'), { ...storeNothing, when: 'on_fail' }], ['101 success'], 'success'],
  [
    'steps that this installation lacks',
    [{ kind: 'setup_remote_docker', name: 'docker', dockerLayerCaching: false, origin: [] }],
    ['101 failed'],
    'failed',
  ],
])('when: %s', async (_, steps, ends, outcome) => {
  await using place = await TestPlace.create(jobSpec(steps))

  await place.run()

  expect(place.peer.ends.map((end) => end.replace('-0 ', ' ').replace(/ \S+$/, ''))).toEqual(ends)
  expect(place.peer.taskEnded?.outcome).toBe(outcome)
})

/** Each is a step of one job; `when: always` lets all of them run. */
const singles: { step: Step; exitCode: number; output: string | RegExp }[] = [
  { step: run('kill -9 $$'), exitCode: 137, output: /received exit code 137\n$/ },
  { step: run('kill -TERM $$'), exitCode: 143, output: /143/ },
  { step: run('nosuchprogram'), exitCode: 127, output: /nosuchprogram: command not found/ },
  {
    step: run('true', { shell: '/no/such/shell -e' }),
    exitCode: 127,
    output: /^\/no\/such\/shell: no such file or directory\n/,
  },
  { step: run('true', { shell: '/etc/passwd' }), exitCode: 126, output: /^\/etc\/passwd: permission denied\n/ },
  {
    step: run('true', { environment: { BIG: 'x'.repeat(200_000) } }),
    exitCode: 126,
    output: /^\/bin\/bash: argument list too long: the environment and the command/,
  },
  { step: run('false | true'), exitCode: 1, output: /exit code 1/ },
  { step: run('false; echo x'), exitCode: 1, output: /^\nExited with/ },
  { step: run('set +e; false; echo x'), exitCode: 0, output: 'x\r\n' },
  { step: run('false; echo ok', { shell: '/bin/sh' }), exitCode: 0, output: 'ok\r\n' },
  { step: run('echo any', { shell: '/usr/bin/env bash' }), exitCode: 0, output: 'any\r\n' },
  {
    step: run('echo "$0|$1"', { shell: "/bin/bash -c 'echo \"$@\"' 'a b'" }),
    exitCode: 0,
    output: '-c echo "$0|$1"\r\n',
  },
  { step: run('test -t 0 && test -t 1 && test -t 2 && printenv TERM || echo unset'), exitCode: 0, output: 'unset\r\n' },
  { step: run('stty size'), exitCode: 0, output: '24 80\r\n' },
  {
    step: run('sh -c "exec 3<>/dev/tty" 2>/dev/null || echo no controlling terminal'),
    exitCode: 0,
    output: 'no controlling terminal\r\n',
  },
  { step: run('echo a; echo b >&2; echo c'), exitCode: 0, output: 'a\r\nb\r\nc\r\n' },
  { step: run(`printf '\\000\\377\\200'`), exitCode: 0, output: '\0\xff\x80' },
  { step: run('A=1\necho $A'), exitCode: 0, output: '1\r\n' },
  { step: run(`${`: ${'x'.repeat(50_000)}\n`.repeat(4)}echo long`), exitCode: 0, output: 'long\r\n' },
  { step: run('echo "ä $((1+1)) \\\\ \'q\'"'), exitCode: 0, output: Buffer.from("ä 2 \\ 'q'\r\n").toString('latin1') },
  { step: run('pwd', { workingDirectory: 'new/sub' }), exitCode: 0, output: /\/home\/project\/new\/sub\r\n$/ },
  { step: run('pwd', { workingDirectory: '~/$HOME' }), exitCode: 0, output: /\/home\/\$HOME\r\n$/ },
  {
    step: run('pwd', { workingDirectory: '/etc/passwd/x' }),
    exitCode: 1,
    output: /^The working directory \/etc\/passwd\/x cannot be made: not a directory\n$/,
  },
  { step: run('cd /tmp; export LEFT=1'), exitCode: 0, output: '' },
  { step: run('echo "[$LEFT]"; pwd'), exitCode: 0, output: /^\[\]\r\n.*\/home\/project\r\n$/ },
  { step: run('sleep 1000 & echo left'), exitCode: 0, output: 'left\r\n' },
  { step: run('exit 300'), exitCode: 44, output: /exit code 44/ },
]

test('what single commands give', async () => {
  await using place = await TestPlace.create(jobSpec(singles.map(({ step }) => ({ ...step, when: 'always' }))))

  await place.run()

  for (const [index, { exitCode, output }] of singles.entries()) {
    const text = place.peer.output(101 + index)
    if (typeof output === 'string') expect(text).toBe(output)
    else expect(text).toMatch(output)
    expect([index, place.peer.ended(101 + index)?.exitCode]).toEqual([index, exitCode])
  }
})

it('is quick from step to step', async () => {
  await using place = await TestPlace.create(
    jobSpec(Array.from({ length: 40 }, () => run('true', { shell: '/bin/sh' }))),
  )

  await place.run()

  const times = place.peer.events.map((event) => Date.parse(event.at))
  const perStep = ((times.at(-2) ?? 0) - (times[2] ?? 0)) / 40
  expect(place.peer.taskEnded?.outcome).toBe('success')
  // About 3 ms alone; other test files share the processors.
  expect(perStep).toBeLessThan(40)
})

it('stops a step that says nothing, and runs what must run after it', async () => {
  const steps = [
    run('trap "" TERM; echo start; sleep 60', { noOutputTimeoutS: 0.3 }),
    run('echo cleanup', { when: 'always' }),
    run('for i in 1 2 3 4; do sleep 0.15; echo $i; done', { noOutputTimeoutS: 0.5, when: 'always' }),
  ]
  await using place = await TestPlace.create(jobSpec(steps, { limits: { cancelGraceS: 0.2 } }))

  await place.run()

  const { peer } = place
  expect(peer.ends).toEqual(['101-0 timedout null', '102-0 success 0', '103-0 success 0'])
  expect(peer.output(101)).toMatch(
    /^start\r\n\nToo long with no output \(exceeded 0\.3s\): context deadline exceeded\n$/,
  )
  expect(peer.taskEnded?.outcome).toBe('failed')
})

it('keeps background steps beside the others and ends them with the job', async () => {
  const steps = [
    run('echo up; touch ../up; sleep 1000', { background: true }),
    run('echo $PPID > ../pid; exit 7', { background: true, maxAutoReruns: 2 }),
    // A process is there, dead or alive, until the agent has taken note of its end.
    run('until [ -e ../up -a -s ../pid ]; do sleep 0.02; done; while kill -0 $(cat ../pid); do sleep 0.02; done', {
      noOutputTimeoutS: 10,
    }),
  ]
  await using place = await TestPlace.create(jobSpec(steps, { limits: { noOutputTimeoutS: 0.05 } }))

  await place.run()

  const { peer } = place
  expect(peer.ended(101)).toMatchObject({ status: 'canceled', insignificant: true })
  expect(peer.output(101)).toMatch(/^up\r\n(?:Terminated\r\n)?$/)
  expect(peer.ended(102)).toMatchObject({ status: 'failed', exitCode: 7, insignificant: true })
  expect(peer.events.filter((event) => event.type === 'step.started' && event.step === 102)).toHaveLength(1)
  expect(peer.taskEnded?.outcome).toBe('success')
})

it('lets what a step left running run on, unhung and unblocked', async () => {
  const steps = [
    run('(while sleep 0.01; do echo tick; date +%s%N > ../alive; done) & echo started'),
    run(
      'until [ -s ../alive ]; do sleep 0.02; done; cp ../alive ../then; while cmp -s ../alive ../then; do sleep 0.02; done; echo alive',
    ),
    run('set -m; sleep 1234.5 & echo own group'),
  ]
  await using place = await TestPlace.create(jobSpec(steps))

  const before = countOf('sleep 1234.5')
  await place.run()

  expect(place.peer.output(102)).toBe('alive\r\n')
  expect(countOf('sleep 1234.5')).toBe(before)
})

function countOf(command: string): number {
  return readdirSync('/proc').filter((name) => {
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ').startsWith(command)
    } catch {
      return false
    }
  }).length
}

it('reruns a failing step until it succeeds or the attempts are used up', async () => {
  const steps = [
    run('test -e ../marker || { touch ../marker; exit 1; }', { maxAutoReruns: 2 }),
    run('echo no', { when: 'on_fail' }),
    run('echo $((++N)) >> ../count; exit 1', { maxAutoReruns: 2, autoRerunDelayS: 0.3 }),
    run('wc -l < ../count', { when: 'always' }),
  ]
  await using place = await TestPlace.create(jobSpec(steps))

  await place.run()

  const { peer } = place
  expect(peer.ends).toEqual([
    '101-0 failed 1',
    '101-1 success 0',
    '103-0 failed 1',
    '103-1 failed 1',
    '103-2 failed 1',
    '104-0 success 0',
  ])
  expect(peer.output(104)).toBe('3\r\n')
  const starts = peer.events.flatMap((event) =>
    event.type === 'step.started' && event.step === 103 ? [Date.parse(event.at)] : [],
  )
  expect((starts[2] ?? 0) - (starts[1] ?? 0)).toBeGreaterThanOrEqual(300)
  expect(peer.taskEnded?.outcome).toBe('failed')
})

const helper = `${process.execPath} ${join(import.meta.dirname, '../helper/main.ts')}`

test.each<[string, Step[], string[], string]>([
  [
    'later steps are skipped',
    [run(`${helper} step halt; echo after`), run('x', { when: 'always' })],
    ['101-0 success 0'],
    'success',
  ],
  [
    'a failing rest fails the job',
    [run(`${helper} task halt; exit 1`, { maxAutoReruns: 1 })],
    ['101-0 failed 1'],
    'failed',
  ],
  [
    'an earlier failure stays',
    [run('false'), run(`${helper} step halt`, { when: 'always' }), run('x', { when: 'always' })],
    ['101-0 failed 1', '102-0 success 0'],
    'failed',
  ],
])('halt: %s', async (_, steps, ends, outcome) => {
  await using place = await TestPlace.create(jobSpec(steps))

  await place.run()

  expect(place.peer.ends).toEqual(ends)
  expect(place.peer.taskEnded?.outcome).toBe(outcome)
})

it('makes services reachable on the loopback', async () => {
  const service = createServer((socket) => socket.end('hello from the service\n'))
  service.listen(0, '127.0.0.2')
  await once(service, 'listening')
  const address = service.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  await using place = await TestPlace.create(jobSpec([run(`cat < /dev/tcp/127.0.0.1/${port}`)]))
  writeFileSync(join(place.root, 'place.json'), JSON.stringify({ forwards: [{ host: '127.0.0.2', port }] }))

  await place.run()
  service.close()

  expect(place.peer.output(101)).toBe('hello from the service\r\n')
})
