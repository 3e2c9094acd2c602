import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { usedBy } from '../bench/src/processes.ts'
import { Orrery } from './kit/orrery.ts'
import { jobNamed, logOf, untilEnd } from './kit/outcome.ts'
import { Repository } from './kit/repository.ts'

const megabytes = 300
const line = `${'a line of a long log '.repeat(5)}end`
const lines = Math.ceil((megabytes * 1e6) / (line.length + 2))
const command = `set +o pipefail; yes '${line}' | head -n ${lines}`
/** Largest resident memory of the agent, MB (spec of the log's way: no more for a longer one). */
const mostAgentMb = 150
/** How much the largest of server and runner may grow by it, MB: half of the log. */
const mostGrowthMb = 150

let orrery: Orrery

beforeAll(async () => {
  orrery = await Orrery.start({ settings: { pool: 0, limits: { logBytesPerStep: 2 ** 31 } } })
})
afterAll(async () => {
  await orrery?.[Symbol.asyncDispose]()
})

it('carries a log of 300 MB byte for byte, in bounded memory', async () => {
  const client = await orrery.client()
  const repository = await Repository.create(orrery, 'long-log', {
    '.circleci/config.yml': `version: 2.1
jobs:
  long:
    docker: [{ image: 'cimg/base:2024.02' }]
    steps:
      - run: { name: Fill, command: "${command}" }
      - run: { name: Peak, command: "for p in /proc/[0-9]*; do grep -qs agent.mjs $p/cmdline && grep VmHWM $p/status; done; true" }
workflows: { main: { jobs: [long] } }
`,
  })
  const own = [orrery.pid, await orrery.runnerPid()]
  const before = await Promise.all(own.map(usedBy))

  const job = await jobNamed(client, await untilEnd(client, (await repository.pipeline()).id), 'long')

  const after = await Promise.all(own.map(usedBy))
  expect(job.status).toBe('success')
  const step = job.tasks[0]?.steps.find(({ name }) => name === 'Fill')
  const address = new URL(`/api/private/jobs/${job.id}/log?task=0&step=${step?.step}&attempt=0`, orrery.url)
  const answer = await fetch(address, { headers: { 'circle-token': await orrery.token() } })
  const hash = createHash('sha256')
  for await (const chunk of answer.body ?? []) hash.update(chunk)
  const expected = createHash('sha256').update(`#!/bin/bash -eo pipefail\n${command}\n`)
  const thousand = Buffer.from(`${line}\r\n`.repeat(1000))
  for (let left = lines; left > 0; left -= 1000) {
    expected.update(left >= 1000 ? thousand : `${line}\r\n`.repeat(left))
  }
  expect(hash.digest('hex')).toBe(expected.digest('hex'))
  const peaks = (await logOf(client, job, 'Peak')).matchAll(/VmHWM:\s+(\d+) kB/g)
  const agentMb = Math.max(...[...peaks].map(([, kb]) => Number(kb) / 1024))
  expect(agentMb).toBeGreaterThan(20)
  expect(agentMb).toBeLessThan(mostAgentMb)
  for (const [index, used] of after.entries()) {
    expect((used?.peakMb ?? Number.NaN) - (before[index]?.peakMb ?? 0)).toBeLessThan(mostGrowthMb)
  }
})
