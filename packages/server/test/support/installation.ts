import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@orrery/engine'
import { createServer, type Server, type ServerSettings } from '../../src/index.ts'

/** A database, a data directory and any number of servers on them; closed together. */
export class Installation {
  readonly dataDir: string
  readonly #postgres: EmbeddedPostgres
  readonly #servers = new Set<Server>()

  private constructor(dataDir: string, postgres: EmbeddedPostgres) {
    this.dataDir = dataDir
    this.#postgres = postgres
  }

  static async create(): Promise<Installation> {
    const dataDir = await mkdtemp(join(tmpdir(), 'orrery-server-'))
    return new Installation(dataDir, await startEmbeddedPostgres({ dataDir }))
  }

  get databaseUrl(): string {
    return this.#postgres.url
  }

  async start(settings: Partial<ServerSettings> = {}): Promise<Server> {
    const server = await createServer({
      dataDir: join(this.dataDir, 'server'),
      databaseUrl: this.#postgres.url,
      logLevel: 'error',
      ...settings,
    })
    this.#servers.add(server)
    await server.listen({ host: '127.0.0.1', port: 0 })
    return server
  }

  async stop(server: Server): Promise<void> {
    this.#servers.delete(server)
    await server.close()
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers].map((server) => server.close()))
    await this.#postgres.stop()
    await rm(this.dataDir, { recursive: true, force: true })
  }
}
