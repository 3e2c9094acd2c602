import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { maxChunkBytes } from '@orrery/protocol'
import { expect, it } from 'vitest'
import { exitOf, TestPlace } from '../../test/kit/place.ts'
import { jobSpec, run } from '../../test/kit/spec.ts'

function lines(count: number): string {
  return Array.from({ length: count }, (_, index) => `${index + 1}\r\n`).join('')
}

it('delivers fast lines byte for byte', async () => {
  await using place = await TestPlace.create(jobSpec([run('seq 50000')]))

  await place.run()

  expect(place.peer.output(101)).toBe(lines(50_000))
})

it('sends the first bytes while the step runs, and ends a step only after its whole log', async () => {
  await using place = await TestPlace.create(
    jobSpec([run('echo first; until [ -e ../go ]; do sleep 0.02; done; seq 1000')]),
  )
  const { peer } = place
  const exit = place.run()
  await peer.until(() => peer.log(101).includes('first\r\n'))
  expect(peer.ended(101)).toBeUndefined()

  writeFileSync(join(place.home, 'go'), '')
  await exit

  expect(peer.output(101)).toBe(`first\r\n${lines(1000)}`)
  const lastBytes = peer.calls.findLastIndex((call) => call.startsWith('PUT /logs/101/0'))
  const lastEvents = peer.calls.lastIndexOf('POST /events')
  expect(lastBytes).toBeLessThan(lastEvents)
})

it('sends the logs of short steps with their ends, many in one request', async () => {
  const steps = Array.from({ length: 20 }, (_, index) => run(`echo ${index}`))
  await using place = await TestPlace.create(jobSpec(steps))

  const started = performance.now()

  await place.run()

  const seconds = (performance.now() - started) / 1000
  for (let index = 0; index < 20; index += 1) expect(place.peer.output(101 + index)).toBe(`${index}\r\n`)
  expect(place.peer.ends).toHaveLength(20)
  // Each would need a request for its log and one or two for its events. What waits is sent ten times a second: on a
  // machine with other work the steps are not that short.
  expect(place.peer.calls.length).toBeLessThan(15 + 20 * seconds)
})

it('sends a log by itself when the server refuses the one that came with the step', async () => {
  // Many more than the agent would bear refusals.
  await using place = await TestPlace.create(jobSpec(Array.from({ length: 10 }, () => run('sleep 0.01'))))
  place.peer.spoilCarried = true

  const code = await place.run()

  expect(code).toBe(0)
  expect(place.peer.ends).toHaveLength(10)
  for (let step = 101; step <= 110; step += 1) {
    expect(place.peer.log(step)).toBe('#!/bin/bash -eo pipefail\nsleep 0.01\n')
    expect(place.peer.calls).toContain(`PUT /logs/${step}/0?offset=0`)
  }
})

it('sends the command of a step that prints nothing while the step runs', async () => {
  const command = 'until [ -e ../go ]; do sleep 0.02; done'
  await using place = await TestPlace.create(jobSpec([run(command)]))
  const { peer } = place
  const exit = place.run()

  await peer.until(() => peer.log(101).includes(command))

  expect(peer.ended(101)).toBeUndefined()
  writeFileSync(join(place.home, 'go'), '')
  await exit
  expect(peer.ends).toEqual(['101-0 success 0'])
})

it('repeats what was lost on the way, and the server keeps it once', async () => {
  await using place = await TestPlace.create(jobSpec([run('seq 3000'), run('seq 3000')]))
  place.peer.unwell = 3
  const exit = place.run()
  await place.peer.until(() => place.peer.ended(1) !== undefined)
  place.peer.dropAnswers = 6

  const code = await exit

  expect(code).toBe(0)
  expect(place.peer.output(101)).toBe(lines(3000))
  expect(place.peer.output(102)).toBe(lines(3000))
  expect(place.peer.events.map((event) => event.seq)).toEqual([1, 2, 3, 4, 5, 6, 7])
})

it('goes on behind a server that was away, from what it holds', async () => {
  await using place = await TestPlace.create(
    jobSpec([
      run('seq 100; touch ../one; until [ -e ../two ]; do sleep 0.02; done; seq 100 200; touch ../three'),
      run('echo after'),
    ]),
  )
  const { peer } = place
  const exit = place.run()
  await peer.until(() => peer.output(101).endsWith('100\r\n'))

  await peer.down()
  writeFileSync(join(place.home, 'two'), '')
  while (!existsSync(join(place.home, 'three'))) await new Promise((resolve) => setTimeout(resolve, 10))
  await peer.up()
  const code = await exit

  expect(code).toBe(0)
  expect(peer.output(101)).toBe(lines(100) + lines(200).slice(lines(99).length))
  expect(peer.ends).toEqual(['101-0 success 0', '102-0 success 0'])
})

it('sends what gathered meanwhile in a few requests, none larger than the protocol allows', async () => {
  await using place = await TestPlace.create(
    jobSpec([run('until [ -e ../go ]; do sleep 0.02; done; seq 1000000; touch ../done')]),
  )
  const { peer } = place
  const exit = place.run()
  await peer.until(() => peer.log(101).length > 0)
  await peer.down()
  writeFileSync(join(place.home, 'go'), '')
  while (!existsSync(join(place.home, 'done'))) await new Promise((resolve) => setTimeout(resolve, 20))

  await peer.up()
  await exit

  expect(peer.output(101)).toBe(lines(1_000_000))
  const offsets = peer.calls.flatMap((call) => /^PUT \/logs\/101\/0\?offset=(\d+)/.exec(call)?.[1] ?? []).map(Number)
  const ends = [...offsets.slice(1), peer.log(101).length]
  const largest = Math.max(...ends.map((end, index) => end - (offsets[index] ?? 0)))
  expect(largest).toBe(maxChunkBytes)
  expect(offsets.length).toBeLessThan(6)
})

it('sends a log again when the server lost or spoiled it', async () => {
  await using place = await TestPlace.create(
    jobSpec([run('seq 1000; until [ -e ../go ]; do sleep 0.02; done; echo end')]),
  )
  const { peer } = place
  const exit = place.run()
  await peer.until(() => peer.output(101).endsWith('1000\r\n'))

  const held = peer.logs.get('101/0') ?? Buffer.alloc(0)
  peer.logs.set('101/0', Buffer.alloc(held.length, 'x'))
  writeFileSync(join(place.home, 'go'), '')
  const code = await exit

  expect(code).toBe(0)
  expect(peer.output(101)).toBe(`${lines(1000)}end\r\n`)
})

it('masks secrets, also those that come in pieces', async () => {
  const steps = [
    run("printf 'it is super'; sleep 0.1; echo secret.; echo c3VwZXI="),
    run('printf "$KEY"; echo; echo supersec; printf supersec', { environment: { KEY: 'line one\nline two' } }),
  ]
  const spec = jobSpec(steps, {
    maskValues: ['supersecret', 'line one\nline two', 'abc', 'true'],
    environment: [
      { source: 'project', vars: { TOKEN: 'supersecret' } },
      { source: 'context:org', vars: { OTHER: 'x' } },
      { source: 'job', vars: { SHOWN: 'has supersecret in it' } },
    ],
  })
  await using place = await TestPlace.create(spec)

  await place.run()

  const { peer } = place
  expect(peer.output(101)).toBe('it is ****.\r\nc3VwZXI=\r\n')
  expect(peer.log(102)).toMatch(/\n\*\*\*\*\r\nsupersec\r\nsupersec$/)
  expect(peer.log(1)).toContain('  SHOWN=has **** in it\n')
  expect(peer.log(1)).toContain('contexts:\n  OTHER=**REDACTED**\n  TOKEN=**REDACTED**\n')
  expect([...peer.logs.values()].some((log) => log.includes('supersecret'))).toBe(false)
})

it('keeps head and tail of a log that is too long, with a notice, and fails nobody for it', async () => {
  await using place = await TestPlace.create(
    jobSpec([run('seq 100000; exit 4')], { limits: { logBytesPerStep: 1000 } }),
  )

  await place.run()

  const { peer } = place
  expect(peer.ended(101)).toMatchObject({ status: 'failed', exitCode: 4 })
  expect(peer.ended(101)?.log.bytes).toBeLessThanOrEqual(1000)
  expect(peer.log(101)).toMatch(/^#!\/bin\/bash -eo pipefail\nseq 100000; exit 4\n1\r\n2\r\n/)
  expect(peer.log(101)).toContain(
    '\n[The output is longer than 1000 bytes. Its last lines follow when the step ends.]\n',
  )
  expect(peer.log(101)).toMatch(/\n\[\d+ bytes are not kept\.\]\n\d+\r\n[^[]*\n100000\r\n/)
})

it('spools a lot in little memory while the server is away', async () => {
  const megabytes = 200
  const steps = [run(`head -c ${megabytes}000000 /dev/zero | tr '\\0' x; until [ -e ../go ]; do sleep 0.05; done`)]
  await using place = await TestPlace.create(jobSpec(steps, { limits: { logBytesPerStep: 1_000_000_000 } }))
  const { peer } = place
  const agent = place.start()
  await peer.until(() => peer.log(101).length > 0)
  await peer.down()
  const spool = join(place.root, 'spool/101-0.log')
  while (statSync(spool).size < megabytes * 1_000_000) await new Promise((resolve) => setTimeout(resolve, 50))

  const peakKb = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${agent.pid}/status`, 'utf8'))?.[1])
  writeFileSync(join(place.home, 'go'), '')
  agent.kill('SIGKILL')
  await exitOf(agent)

  // An idle agent needs about 100 MB when it runs from source.
  expect(peakKb).toBeLessThan(220_000)
  const text = readFileSync(spool)
  const command = steps[0]?.kind === 'run' ? steps[0].command : ''
  const body = text.subarray('#!/bin/bash -eo pipefail\n\n'.length + command.length)
  // One endless line: it is stored in pieces of 64 KiB (spec: execution.md 18.1).
  const expected = createHash('sha256')
  for (let left = megabytes * 1_000_000; left > 0; left -= 65_536) {
    expected.update(Buffer.alloc(Math.min(left, 65_536), 'x')).update(left > 65_536 ? '\n' : '')
  }
  expect(createHash('sha256').update(body).digest('hex')).toBe(expected.digest('hex'))
})
