import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { exitOf, TestPlace } from '../../test/kit/place.ts'
import { jobSpec, run } from '../../test/kit/spec.ts'

const later = [run('echo never', { when: 'always' }), run('echo never', { when: 'on_fail' })]

describe('cancel', () => {
  it('lets a step end by itself and runs nothing after it', async () => {
    const steps = [run('trap "echo bye; exit 0" TERM; echo ready; while :; do sleep 0.05; done'), ...later]
    await using place = await TestPlace.create(jobSpec(steps))
    const { peer } = place
    const exit = place.run()
    await peer.until(() => peer.log(101).includes('ready\r\n'))

    peer.cancel()
    const code = await exit

    expect(code).toBe(0)
    expect(peer.ends).toEqual(['101-0 canceled null'])
    // Bash reports the end of its sleep, too.
    expect(peer.output(101)).toMatch(/^ready\r\n(?:Terminated\r\n)?bye\r\n\nThe job was canceled\.\n$/)
    expect(peer.taskEnded).toMatchObject({ outcome: 'canceled' })
  })

  it('kills what does not obey, background steps too', async () => {
    const stubborn = 'trap "" TERM; echo ready; while :; do sleep 1; done'
    const steps = [run(stubborn, { background: true }), run(stubborn, { maxAutoReruns: 5 }), ...later]
    await using place = await TestPlace.create(jobSpec(steps, { limits: { cancelGraceS: 0.3 } }))
    const { peer } = place
    const exit = place.run()
    await peer.until(() => peer.log(101).includes('ready\r\n') && peer.log(102).includes('ready\r\n'))

    peer.cancel()
    await exit

    expect(peer.ends.toSorted()).toEqual(['101-0 canceled null', '102-0 canceled null'])
    expect(peer.taskEnded?.outcome).toBe('canceled')
  })

  it('ends a pause between attempts at once', async () => {
    await using place = await TestPlace.create(jobSpec([run('exit 1', { maxAutoReruns: 1, autoRerunDelayS: 600 })]))
    const { peer } = place
    const exit = place.run()
    await peer.until(() => peer.ended(101) !== undefined)

    peer.cancel()
    await exit

    expect(peer.ends).toEqual(['101-0 failed 1'])
    expect(peer.taskEnded?.outcome).toBe('canceled')
  })
})

it('ends a job at its maximum run time', async () => {
  await using place = await TestPlace.create(
    jobSpec([run('echo go; sleep 60'), ...later], { limits: { maxRunTimeS: 0.6 } }),
  )

  await place.run()

  expect(place.peer.ends).toEqual(['101-0 timedout null'])
  expect(place.peer.output(101)).toMatch(
    /^go\r\n(?:Terminated\r\n)?\nThe job ran longer than its maximum run time of 0\.6s\.\n$/,
  )
  expect(place.peer.taskEnded).toMatchObject({ outcome: 'timedout' })
})

it('stops its children at once and exits with 75 when the server gives the task up', async () => {
  const steps = [run('trap "" TERM; echo $$ > ../pid; echo ready; while :; do sleep 0.2; done')]
  await using place = await TestPlace.create(jobSpec(steps))
  const { peer } = place
  const exit = place.run()
  await peer.until(() => peer.log(101).includes('ready\r\n'))

  peer.giveUp()
  const code = await exit

  expect(code).toBe(75)
  // Killed, though it ignores SIGTERM; the system needs a moment to bury it.
  while (existsSync(`/proc/${readFileSync(join(place.home, 'pid'), 'utf8').trim()}`)) await tick()
})

it('stops its children when the lease is lost, and tells it when the server is back', async () => {
  await using place = await TestPlace.create(jobSpec([run('echo ready; sleep 60'), ...later]))
  const { peer } = place
  peer.leaseS = 1
  const exit = place.run()
  // Who asks a second time has read how long the lease is.
  const renewals = () => peer.calls.filter((call) => call === 'POST /renew').length
  await peer.until(() => peer.log(101).includes('ready\r\n') && renewals() > 1)

  await peer.down()
  while (!readFileSync(join(place.root, 'spool/events.ndjson'), 'utf8').includes('task.ended')) await tick()
  await peer.up()
  const code = await exit

  expect(code).toBe(0)
  expect(peer.ends).toEqual(['101-0 infrastructure_fail null'])
  expect(peer.output(101)).toBe('ready\r\n\nThe server could not be reached for 1s; the job was stopped.\n')
  expect(peer.taskEnded).toMatchObject({ outcome: 'infrastructure_fail' })
})

describe('drain', () => {
  it.each([
    { args: [], outcome: 'infrastructure_fail' },
    { args: ['--failed'], outcome: 'failed' },
  ])('sends what a killed agent left and ends the task as $outcome', async ({ args, outcome }) => {
    await using place = await TestPlace.create(jobSpec([run('echo first'), run('echo ready; sleep 60')]))
    const { peer } = place
    const agent = place.start()
    await peer.until(() => peer.log(102).includes('ready\r\n'))
    await peer.down()
    agent.kill('SIGKILL')
    await exitOf(agent)
    await peer.up()

    const code = await place.run('drain', '--reason', 'killed: out of memory', ...args)

    expect(code).toBe(0)
    expect(peer.ends).toEqual(['101-0 success 0', `102-0 ${outcome} null`])
    expect(peer.ended(102)?.hint).toBe('killed: out of memory')
    expect(peer.taskEnded).toMatchObject({ outcome, reason: 'killed: out of memory' })
  })

  it('sends bytes and events that the server never saw, and may be repeated', async () => {
    await using place = await TestPlace.create(jobSpec([run('seq 20000'), run('touch ../done; echo ready; sleep 60')]))
    const { peer } = place
    const agent = place.start()
    await peer.until(() => peer.ended(1) !== undefined)
    await peer.down()
    while (!existsSync(join(place.home, 'done'))) await tick()
    while (!readFileSync(join(place.root, 'spool/102-0.log'), 'utf8').includes('ready\r\n')) await tick()
    agent.kill('SIGKILL')
    await exitOf(agent)
    // A kill may tear the last line, and the first drain is killed too.
    const events = join(place.root, 'spool/events.ndjson')
    writeFileSync(events, `${readFileSync(events, 'utf8')}{"seq":99,"ty`)
    const first = place.start('drain')
    first.kill('SIGKILL')
    await exitOf(first)
    await peer.up()

    const code = await place.run('drain')
    const again = await place.run('drain')

    expect([code, again]).toEqual([0, 0])
    expect(peer.output(101)).toBe(Array.from({ length: 20000 }, (_, index) => `${index + 1}\r\n`).join(''))
    expect(peer.output(102)).toBe('ready\r\n')
    expect(peer.ends).toEqual(['101-0 success 0', '102-0 infrastructure_fail null'])
  })

  it('does not follow links that the job left for it', async () => {
    await using place = await TestPlace.create(jobSpec([run('true')]))
    mkdirSync(join(place.root, 'spool'))
    const started = {
      seq: 1,
      at: new Date().toISOString(),
      type: 'step.started',
      step: 101,
      attempt: 0,
      name: 'x',
      kind: 'run',
    }
    writeFileSync(join(place.root, 'spool/events.ndjson'), `${JSON.stringify(started)}\n`)
    symlinkSync('/etc/passwd', join(place.root, 'spool/101-0.log'))

    const code = await place.run('drain')

    expect(code).toBe(70)
    expect(place.peer.logs.size).toBe(0)
  })

  it('is not needed after an orderly end: nothing is left in the spool but the events', async () => {
    await using place = await TestPlace.create(jobSpec([run('echo x')]))

    await place.run()

    expect(readdirSync(join(place.root, 'spool'))).toEqual(['events.ndjson'])
  })
})

function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10))
}
