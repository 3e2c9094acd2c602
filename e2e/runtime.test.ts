import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createDockerDriver } from '../packages/runner/src/drivers/docker/index.ts'
import type { DockerSettings } from '../packages/runner/src/drivers/docker/settings.ts'
import { prepareRuntime } from '../packages/runner/src/index.ts'
import { Orrery } from './kit/orrery.ts'
import { jobNamed, logOf, statuses, untilEnd } from './kit/outcome.ts'
import { OwnEngine, whyNoEngine } from './kit/own-engine.ts'
import { Repository } from './kit/repository.ts'

const crun = '/usr/bin/crun'
const job = `version: 2.1
jobs:
  main:
    docker: [{ image: 'busybox:1.36' }, { image: 'busybox:1.36', command: [sh, -c, 'echo serve; sleep 1000'] }]
    steps:
      - run: { name: Limit, command: 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes || cat /sys/fs/cgroup/memory.max' }
      - run: { name: Agent, command: "tr '\\\\0' ' ' < /proc/1/cmdline" }
  beside:
    docker: [{ image: 'busybox:1.36', entrypoint: [sleep, '1000'] }]
    steps: [{ run: { name: Say, command: 'echo beside' } }]
  missing:
    docker: [{ image: 'busybox:1.36', entrypoint: [/no/such/program] }]
    steps: [{ run: 'true' }]
workflows: { main: { jobs: [main, beside, missing] } }
`

/** What a runner with these settings makes the containers of jobs with, and what its operator is told. */
async function chosen(settings: DockerSettings): Promise<{ runtime: string | undefined; warnings: string[] }> {
  const directory = await mkdtemp(join(tmpdir(), 'ory-'))
  const agentDir = join(import.meta.dirname, '../packages/runner/test/stand-in')
  const warnings: string[] = []
  const driver = createDockerDriver({
    runnerId: 'chooses',
    runtimeDirectory: await prepareRuntime({ outDir: join(tmpdir(), 'orrery-test-runtime'), agentDir }),
    stateDirectory: directory,
    slots: 1,
    warn: (text) => warnings.push(text),
    settings,
  })
  try {
    return { runtime: (await driver.probe())['Runtime'], warnings }
  } finally {
    await driver.close?.()
    await rm(directory, { recursive: true })
  }
}

describe.skipIf(whyNoEngine() !== undefined || !existsSync(crun))('an engine with crun', () => {
  it('starts jobs with it, beside its own default', async () => {
    await using engine = await OwnEngine.start({ crun })
    await using orrery = await Orrery.start({ settings: { dockerHost: engine.host, pool: 0 } })
    const repository = await Repository.create(orrery, 'runtime', { '.circleci/config.yml': job })
    const client = await orrery.client()
    const result = await untilEnd(client, (await repository.pipeline({ 'a.txt': '1' })).id)

    expect(statuses(result)).toMatchObject({ main: 'success', beside: 'success', missing: 'failed' })
    const main = await jobNamed(client, result, 'main')
    expect(await logOf(client, main, 'Spin up environment')).toContain('Runtime: crun')
    expect(await logOf(client, main, 'Limit')).toContain('4294967296')
    expect(await logOf(client, main, 'Agent')).toContain('snapshot-blob /orrery/agent.blob')
    const missing = await jobNamed(client, result, 'missing')
    expect(await logOf(client, missing, 'Spin up environment')).toContain('ended with code 127')
    expect(await chosen({ host: engine.host, runtime: 'default' })).toEqual({ runtime: 'runc', warnings: [] })
    expect(await engine.holds()).not.toContainEqual(expect.stringContaining('chooses'))
  })

  it('that starts nothing is left for its default, and the operator learns why', async () => {
    await using engine = await OwnEngine.start({ crun: '/bin/false' })
    const { host } = engine

    expect(await chosen({ host })).toEqual({
      runtime: 'runc',
      warnings: [expect.stringContaining("the engine's runtime crun starts no container")],
    })
    // Whoever named it means it.
    expect(await chosen({ host, runtime: 'crun' })).toEqual({ runtime: 'crun', warnings: [] })
    expect(await engine.holds()).toEqual([])
  })
})
