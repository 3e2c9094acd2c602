import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { OrbSources } from '@orrery/config'
import { startEmbeddedPostgres } from '@orrery/engine'
import { OrreryError } from '@orrery/protocol'
import { createServer, type Server } from '@orrery/server'
import { readSettings } from '../settings.ts'
import { lockDirectory } from './lock.ts'

export interface HostOptions {
  dataDir: string
  host: string
  /** 0 = any free port. */
  port: number
  /** An external PostgreSQL; without it the embedded one is started in the data directory. */
  databaseUrl: string | undefined
  /** How people and jobs reach the server, when that is not `http://<host>:<port>`. */
  publicUrl: string | undefined
  /** Where orbs come from. */
  orbs?: OrbSources
  /** Default: settings.json in the data directory. */
  settingsFile?: string | undefined
}

export interface Host {
  server: Server
  url: string
  /** Personal token of the first user, kept in `<dataDir>/admin-token`. */
  adminToken: string
  /** File with the token for runners on this machine. */
  runnerTokenFile: string
  close(): Promise<void>
}

/**
 * How long a runner may be cut off before its tasks count as lost. Generous: a lease that runs out ends real work, and
 * a runner that merely restarted says so itself long before.
 */
const defaultLeaseS = 300

/** Where the built web app lies; the server says so on its page when it is missing. */
const webDirectory = fileURLToPath(new URL('../../../web/dist', import.meta.url))

/**
 * Starts database and server on one data directory. A data directory serves one process at a time; what an earlier
 * process left behind after a kill is adopted.
 *
 * @throws OrreryError ORY_CONFLICT when the directory is in use or the port is taken, ORY_DATABASE.
 */
export async function startHost(options: HostOptions): Promise<Host> {
  await openDirectory(options.dataDir)
  const {
    leaseS = defaultLeaseS,
    limits,
    ssh,
    keepDays,
    cache,
    artifactBytes,
  } = await readSettings(options.settingsFile, join(options.dataDir, 'settings.json'))
  const unlock = await lockDirectory(options.dataDir)
  const database = options.databaseUrl
    ? { url: options.databaseUrl, stop: async () => {} }
    : await startEmbeddedPostgres({ dataDir: join(options.dataDir, 'postgres') })
  const closeAll = async (server?: Server) => {
    await server?.close()
    await database.stop()
    await unlock()
  }
  let server: Server | undefined
  try {
    server = await createServer({
      dataDir: options.dataDir,
      databaseUrl: database.url,
      webDir: webDirectory,
      leaseS,
      ...(options.orbs && { orbs: options.orbs }),
      retention: {
        ...(keepDays.caches !== undefined && { cacheDays: keepDays.caches }),
        ...(keepDays.workspaces !== undefined && { workspaceDays: keepDays.workspaces }),
        ...(keepDays.artifacts !== undefined && { artifactDays: keepDays.artifacts }),
      },
      limits: { ...limits, ...(artifactBytes !== undefined && { artifactBytes }) },
      ...(cache.failOnUploadError !== undefined && { cacheUploadMustSucceed: cache.failOnUploadError }),
      ssh: { idleS: ssh.idleS ?? 600, longestS: ssh.longestS ?? 7200 },
      noSsh: ssh.reruns === 'forbidden' ? 'everywhere' : new Set(ssh.forbiddenProjects),
      ...(options.publicUrl ? { publicUrl: options.publicUrl } : {}),
    })
    await listen(server, options)
    const adminToken = await keep(join(options.dataDir, 'admin-token'), server.createUserToken('admin'))
    const runnerTokenFile = join(options.dataDir, 'runner-token')
    await keep(runnerTokenFile, server.createRunnerToken('local'))
    const started = server
    return { server, url: server.url, adminToken, runnerTokenFile, close: () => closeAll(started) }
  } catch (error) {
    await closeAll(server)
    throw error
  }
}

/**
 * As root the database runs under another account, which must be able to pass through our folder (not to list it);
 * what is secret in it has a mode of its own.
 */
async function openDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o711 })
  if (process.getuid?.() === 0) await chmod(path, (await stat(path)).mode | 0o011)
}

async function listen(server: Server, { host, port }: HostOptions): Promise<void> {
  try {
    await server.listen({ host, port })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new OrreryError('ORY_CONFLICT', [`port ${port} is in use; choose another with --port`])
  }
}

/** The token in the file, or the new one, written so that only this user can read it. */
async function keep(path: string, fresh: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch {
    await writeFile(path, `${fresh}\n`, { mode: 0o600 })
    return fresh
  }
}
