import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { OrreryError } from '@orrery/protocol'
import pg from 'pg'
import { chooseAccount, openWay } from './account.ts'
import { findBinaries } from './binaries.ts'
import { clusterFolder, clusterMajor, ensureCluster } from './cluster.ts'
import { database, type ServerPlan, serverUrl, startServer, stopServer } from './server-process.ts'
import { makeSocketFolder } from './socket-folder.ts'
import { watchServer } from './watch-server.ts'

export interface EmbeddedPostgres {
  /** Stays the same over restarts of the server. */
  readonly url: string
  /** Process id of the server now. */
  readonly pid: number
  /** Fast shutdown; resolves when the process is gone. Safe to repeat. */
  stop(): Promise<void>
}

/**
 * The database that needs no installation: a PostgreSQL of our own in `<dataDir>/postgres`, reached by a unix socket in
 * a 0700 folder and by nothing else.
 *
 * A server that runs there already is adopted: it outlives a kill of us on purpose. One that dies is started again, and
 * what it had acknowledged is there again. Works as root too (the server then runs as `postgres` or `nobody`). Throws
 * ORY_DATABASE with the reason.
 */
export async function startEmbeddedPostgres(options: { dataDir: string }): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir)
  await mkdir(dataDir, { recursive: true, mode: 0o711 })
  const account = await chooseAccount()
  await openWay(dataDir, account)
  const socketFolder = await makeSocketFolder(dataDir, account)
  const binaries = await findBinaries(dataDir, await clusterMajor(clusterFolder(dataDir)))
  await ensureCluster(dataDir, binaries, account)

  const plan: ServerPlan = { dataDir, socketFolder, binaries, account }
  const watch = watchServer(plan, await startServer(plan))
  try {
    await ensureDatabase(socketFolder)
  } catch (error) {
    await watch.stop()
    throw error
  }
  return {
    url: serverUrl(socketFolder),
    get pid() {
      return watch.pid
    },
    async stop() {
      await watch.stop()
      await stopServer(plan)
    },
  }
}

async function ensureDatabase(socketFolder: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl(socketFolder, 'postgres') })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [database])
    if (rowCount === 0) await client.query(`create database ${database}`)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    // Another process made it in between (duplicate_database, or the unique index behind it).
    if (code === '42P04' || code === '23505') return
    const reason = error instanceof Error ? error.message : String(error)
    throw new OrreryError('ORY_DATABASE', [reason], { cause: error })
  } finally {
    await client.end().catch(() => undefined)
  }
}
