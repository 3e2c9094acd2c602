import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { createEngine, type EmbeddedPostgres, startEmbeddedPostgres } from '../src/index.ts'
import { chooseAccount } from '../src/postgres/account.ts'
import { findBinaries } from '../src/postgres/binaries.ts'
import { clusterFolder, ensureCluster } from '../src/postgres/cluster.ts'
import { isAlive } from '../src/postgres/lock-files.ts'
import { options, temporaryFolder } from './helpers/database.ts'
import { claim, runAll } from './helpers/fake-agent.ts'
import { newProject, planOf, pushTo, start } from './helpers/plans.ts'

const folders: string[] = []
const servers: EmbeddedPostgres[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function freshFolder(): Promise<string> {
  const folder = await temporaryFolder()
  folders.push(folder)
  return folder
}

async function startIn(dataDir: string): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir })
  servers.push(server)
  return server
}

async function ask(url: string, query: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(query)).rows
  } finally {
    await client.end()
  }
}

/** Runs until it works: a killed server is on its way back. */
async function eventually<T>(work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 60_000
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await sleep(20)
    }
  }
}

describe('the embedded PostgreSQL', () => {
  it('is durable, checksummed, UTF-8, and listens on a private socket only', async () => {
    const dataDir = await freshFolder()
    const { url } = await startIn(dataDir)

    const settings = await ask(
      url,
      `select name, setting from pg_settings where name in
       ('fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums', 'server_encoding', 'listen_addresses')`,
    )

    expect(Object.fromEntries(settings.map((row) => [row['name'], row['setting']]))).toEqual({
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      data_checksums: 'on',
      server_encoding: 'UTF8',
      listen_addresses: '',
    })
    expect((await stat(join(dataDir, 'sock'))).mode & 0o777).toBe(0o700)
    expect((await stat(clusterFolder(dataDir))).mode & 0o777).toBe(0o700)
  })

  it('keeps its data over a stop, and both calls of a double stop return', async () => {
    const dataDir = await freshFolder()
    const first = await startIn(dataDir)
    await ask(first.url, 'create table kept as select 1 as one')
    await Promise.all([first.stop(), first.stop()])
    expect(await isAlive(first.pid)).toBe(false)

    const second = await startIn(dataDir)

    expect(await ask(second.url, 'select one from kept')).toEqual([{ one: 1 }])
    expect(second.url).toBe(first.url)
  })

  it('is adopted by the next process after we were killed', async () => {
    const dataDir = await freshFolder()
    const index = new URL('../src/index.ts', import.meta.url).href
    const program = `
      import { startEmbeddedPostgres } from ${JSON.stringify(index)}
      const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)} })
      console.log(server.pid)
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended

    const server = await startIn(dataDir)

    expect(server.pid).toBe(Number(line))
  })

  it('starts for two who come at the same moment, as one server', async () => {
    const dataDir = await freshFolder()

    const [first, second] = await Promise.all([startIn(dataDir), startIn(dataDir)])

    const pids = await Promise.all(
      [first, second].map((one) => ask(one?.url ?? '', 'select pg_postmaster_start_time()')),
    )
    expect(pids[0]).toEqual(pids[1])
  })

  it('starts although the lock files name a process that is somebody else by now', async () => {
    const dataDir = await freshFolder()
    const first = await startIn(dataDir)
    await ask(first.url, 'create table kept as select 1 as one')
    const lock = await readFile(join(clusterFolder(dataDir), 'postmaster.pid'), 'utf8')
    await first.stop()
    const account = await chooseAccount()
    const stranger = spawn('sleep', ['1000'], account ? { uid: account.uid, gid: account.gid } : {})
    await once(stranger, 'spawn')
    const stale = [String(stranger.pid), ...lock.split('\n').slice(1)].join('\n')
    await writeFile(join(clusterFolder(dataDir), 'postmaster.pid'), stale)
    await writeFile(join(dataDir, 'sock', '.s.PGSQL.5432.lock'), stale)

    const second = await startIn(dataDir)

    expect(await ask(second.url, 'select one from kept')).toEqual([{ one: 1 }])
    expect(stranger.exitCode).toBeNull()
    stranger.kill('SIGKILL')
  })

  it.runIf(process.getuid?.() === 0)('says which folder is closed to the account that runs it', async () => {
    const parent = await freshFolder()
    await chmod(parent, 0o700)

    const refused = startEmbeddedPostgres({ dataDir: join(parent, 'data') })

    await expect(refused).rejects.toMatchObject({ code: 'ORY_DATABASE' })
    await expect(refused).rejects.toThrow(`may not enter ${parent};`)
  })

  it('listens in a short folder when the data directory has a long path', async () => {
    const base = await freshFolder()
    await chmod(base, 0o711)
    const dataDir = join(base, 'long'.repeat(25))
    await mkdir(dataDir)

    const server = await startIn(dataDir)
    const folder = new URL(server.url).searchParams.get('host') ?? ''
    folders.push(folder)

    expect(await ask(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(folder).not.toContain('longlong')
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
  })

  it('names the major version that the data needs', async () => {
    await expect(findBinaries(await freshFolder(), 3)).rejects.toThrow(/no PostgreSQL 3, which made the data/)
  })

  it('opens data of another major version with the PostgreSQL of the system', async ({ skip }) => {
    const dataDir = await freshFolder()
    await chmod(dataDir, 0o711)
    const binaries = await findBinaries(dataDir, 15).catch(() => skip('no PostgreSQL 15 on this machine'))
    await ensureCluster(dataDir, binaries, await chooseAccount())

    const server = await startIn(dataDir)

    const [row] = await ask(server.url, 'show server_version')
    expect(String(row?.['server_version'])).toMatch(/^15\./)
  })
})

describe('kill -9 of PostgreSQL under write load', () => {
  it('loses no acknowledged transaction, and the engine goes on by itself', async () => {
    const server = await startIn(await freshFolder())
    const engine = await createEngine(options(server.url))
    const project = await newProject(engine)
    const acknowledged: string[] = []
    const problems = new Set<unknown>()
    let writing = true
    const writers = Array.from({ length: 6 }, async () => {
      while (writing) {
        await engine.beginPipeline(pushTo(project)).then(
          (pipeline) => acknowledged.push(pipeline.id),
          (error: { code?: string; message: string }) => problems.add(error.code ?? error.message),
        )
      }
    })

    for (let kill = 0; kill < 4; kill++) {
      const target = acknowledged.length + 40
      await eventually(async () => {
        if (acknowledged.length < target) throw new Error('not enough written yet')
      })
      const killed = server.pid
      process.kill(killed, 'SIGKILL')
      await eventually(async () => {
        if (server.pid === killed) throw new Error('not noticed yet')
        await ask(server.url, 'select 1')
      })
    }
    writing = false
    await Promise.all(writers)

    const stored = await ask(server.url, 'select id, number from pipelines')
    const ids = new Set(stored.map((row) => row['id']))
    expect(acknowledged.filter((id) => !ids.has(id))).toEqual([])
    expect(acknowledged.length).toBeGreaterThan(160)
    expect([...problems]).toEqual(['ORY_DATABASE'])
    expect(new Set(stored.map((row) => row['number'])).size).toBe(stored.length)

    await start(engine, planOf({ main: { a: {} } }))
    expect(await runAll(engine)).toEqual(['a'])
    await engine.close()
  })

  it('lets claimers and renewals that wait go on after the restart', async () => {
    const server = await startIn(await freshFolder())
    const engine = await createEngine(options(server.url))
    const workflow = await (await start(engine, planOf({ main: { a: {} } }))).workflow()
    const agent = await claim(engine)
    const killed = server.pid
    process.kill(killed, 'SIGKILL')

    await eventually(() => engine.renewLease(agent.lease, { waitMs: 0 }))
    const renewal = eventually(() => engine.renewLease(agent.lease, { waitMs: 30_000 }))
    await eventually(() => engine.cancelWorkflow(workflow, { login: 'bob' }))

    expect(await renewal).toBe('cancel')
    await agent.say({ type: 'task.ended', outcome: 'canceled' })
    expect((await engine.workflow(workflow)).status).toBe('canceled')
    await engine.close()
  })
})
