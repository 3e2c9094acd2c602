import { spawn } from 'node:child_process'
import { open, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { OrreryError } from '@orrery/protocol'
import pg from 'pg'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { clusterFolder, serverEnvironment, superuser } from './cluster.ts'
import { disownLockFiles, isAlive, runningServer } from './lock-files.ts'

export interface ServerPlan {
  readonly dataDir: string
  readonly socketFolder: string
  readonly binaries: Binaries
  readonly account: Account | null
}

/** Crash recovery of a large log may take long; anything longer needs a person. */
const startTimeoutMs = 120_000
const stopTimeoutMs = 60_000
const pollMs = 20
const maxLogBytes = 16 * 1024 * 1024

export const database = 'orrery'

export function serverUrl(socketFolder: string, name = database): string {
  return `postgres://${superuser}@localhost/${name}?host=${encodeURIComponent(socketFolder)}`
}

/**
 * Starts the server, or adopts one that runs; resolves with its process id when it answers. It gets a session of its
 * own: Ctrl-C in our terminal or a kill of us must not take the database away from jobs that still run.
 */
export async function startServer(plan: ServerPlan): Promise<number> {
  const cluster = clusterFolder(plan.dataDir)
  const deadline = performance.now() + startTimeoutMs
  let reason = ''
  while (performance.now() < deadline) {
    const running = await runningServer(cluster)
    const pid = running ?? (await spawnServer(plan))
    const answer = await untilAnswers(plan, pid, deadline)
    if (answer === null) return pid
    reason = answer
    // Backends of a server that was killed may still hold its memory; they notice within moments.
    await sleep(100)
  }
  const log = join(plan.dataDir, 'postgres.log')
  throw new OrreryError('ORY_DATABASE', [`the embedded PostgreSQL did not start (${reason}); see ${log}`])
}

async function spawnServer(plan: ServerPlan): Promise<number> {
  const cluster = clusterFolder(plan.dataDir)
  await disownLockFiles(cluster, plan.socketFolder)
  const logPath = join(plan.dataDir, 'postgres.log')
  const size = (await stat(logPath).catch(() => null))?.size ?? 0
  if (size > maxLogBytes) await truncate(logPath)
  const log = await open(logPath, 'a', 0o600)
  try {
    const settings = ['listen_addresses=', 'unix_socket_permissions=0700', 'log_min_messages=warning', 'jit=off']
    const args = ['-D', cluster, '-k', plan.socketFolder, ...settings.flatMap((setting) => ['-c', setting])]
    const child = spawn(join(plan.binaries.bin, 'postgres'), args, {
      cwd: '/',
      env: serverEnvironment(),
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      ...(plan.account ? { uid: plan.account.uid, gid: plan.account.gid } : {}),
    })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    child.once('spawn', resolve)
    child.once('error', reject)
    await promise
    child.unref()
    return child.pid ?? -1
  } finally {
    await log.close()
  }
}

/** Null when the server answers; else why it will not. */
async function untilAnswers(plan: ServerPlan, pid: number, deadline: number): Promise<string | null> {
  for (;;) {
    const problem = await tryConnect(serverUrl(plan.socketFolder, 'postgres'))
    if (problem === null) return null
    if (!(await stillServes(plan, pid))) return 'it ended at once'
    if (performance.now() >= deadline) return problem
    await sleep(pollMs)
  }
}

async function stillServes(plan: ServerPlan, pid: number): Promise<boolean> {
  const running = await runningServer(clusterFolder(plan.dataDir))
  // Before it has written its lock file only the process itself tells.
  return running === pid || (running === null && (await isAlive(pid)))
}

async function tryConnect(url: string): Promise<string | null> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select 1')
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** SIGINT = fast shutdown: transactions are rolled back, a checkpoint is written. Resolves when the process is gone. */
export async function stopServer(plan: ServerPlan): Promise<void> {
  const cluster = clusterFolder(plan.dataDir)
  const pid = await runningServer(cluster)
  if (pid === null) return
  process.kill(pid, 'SIGINT')
  const deadline = performance.now() + stopTimeoutMs
  while (await isAlive(pid)) {
    if (performance.now() >= deadline) {
      throw new OrreryError('ORY_DATABASE', [`PostgreSQL (process ${pid}) did not stop within ${stopTimeoutMs} ms`])
    }
    await sleep(pollMs)
  }
}
