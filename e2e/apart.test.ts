import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startEmbeddedPostgres } from '@orrery/engine'
import { expect, it } from 'vitest'
import { Orrery } from './kit/orrery.ts'
import { jobNamed, logOf, statuses, untilEnd } from './kit/outcome.ts'
import { Repository } from './kit/repository.ts'

const main = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url))

it('runs a pipeline with server, runner and an external database as processes apart', async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'oa-'))
  await chmod(scratch, 0o711) // the database of a root user runs under another account
  const database = await startEmbeddedPostgres({ dataDir: join(scratch, 'elsewhere') })
  const server = await Orrery.start({ command: 'server', databaseUrl: database.url })
  const runnerArguments = ['--token-file', join(server.dataDir, 'runner-token'), '--data', join(scratch, 'runner')]
  const settings = ['--settings', join(server.dataDir, 'settings.json')]
  const runner = spawn(process.execPath, [main, 'runner', '--server', server.url, ...runnerArguments, ...settings], {
    stdio: 'ignore',
  })
  try {
    const repository = await Repository.create(server, 'apart', {
      '.circleci/config.yml':
        "version: 2.1\njobs:\n  build:\n    docker: [{ image: 'cimg/base:2024.02' }]\n    steps: [checkout, run: { name: Say, command: echo said }]\n",
    })
    const client = await server.client()

    const result = await untilEnd(client, (await repository.pipeline()).id)

    expect(statuses(result)).toEqual({ build: 'success' })
    expect(await logOf(client, await jobNamed(client, result, 'build'), 'Say')).toContain('said')
    expect(await readdir(server.dataDir)).not.toContain('postgres')
  } finally {
    runner.kill('SIGTERM')
    await once(runner, 'exit')
    await server[Symbol.asyncDispose]()
    await database.stop()
    await rm(scratch, { recursive: true, force: true })
  }
})
