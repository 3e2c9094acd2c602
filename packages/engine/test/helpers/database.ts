import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { createEngine, type Engine, type EngineOptions, startEmbeddedPostgres } from '../../src/index.ts'

export interface TestClock {
  now(): Date
  advance(ms: number): void
}

export interface TestDatabase {
  readonly url: string
  /** Opens one more engine on the same database; all are closed by `close`. */
  engine(overrides?: Partial<EngineOptions>): Promise<Engine>
  readonly clock: TestClock
  query(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

/**
 * A fresh database for one test file: on an embedded server of its own, or on the server that TEST_DATABASE_URL names.
 */
export async function openTestDatabase(): Promise<TestDatabase> {
  const server = await testServer()
  const name = `orrery_test_${randomBytes(6).toString('hex')}`
  const admin = new pg.Client({ connectionString: server.url })
  await admin.connect()
  await admin.query(`create database ${name}`)
  const url = withDatabase(server.url, name)
  const client = new pg.Client({ connectionString: url })
  await client.connect()

  const engines: Engine[] = []
  const clock = testClock()
  return {
    url,
    clock,
    async engine(overrides) {
      const engine = await createEngine({ ...options(url, clock), ...overrides })
      engines.push(engine)
      return engine
    },
    query: async (text, values) => (await client.query(text, values)).rows,
    async close() {
      try {
        await Promise.all(engines.map((engine) => engine.close()))
        await client.end()
        await admin.query(`drop database ${name} with (force)`)
        await admin.end()
      } finally {
        await server.stop()
      }
    },
  }
}

async function testServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const external = process.env['TEST_DATABASE_URL']
  if (external) return { url: external, stop: async () => undefined }
  const dataDir = await temporaryFolder()
  const server = await startEmbeddedPostgres({ dataDir })
  return {
    url: server.url,
    async stop() {
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** A short path: a socket's address has to fit into 108 bytes. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'oe-'))
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}

function testClock(): TestClock {
  let ahead = 0
  return {
    now: () => new Date(Date.now() + ahead),
    advance: (ms) => {
      ahead += ms
    },
  }
}

export function options(databaseUrl: string, clock: { now(): Date } = { now: () => new Date() }): EngineOptions {
  return {
    databaseUrl,
    clock,
    secretKey: Buffer.alloc(32, 7),
    publicUrl: 'https://ci.example',
    leaseS: 30,
    retention: { cacheDays: 15, workspaceDays: 15, artifactDays: 30 },
    limits: { maxRunTimeS: 3600, noOutputTimeoutS: 600, cancelGraceS: 10, logBytesPerStep: 1e9, artifactBytes: 1e9 },
  }
}
