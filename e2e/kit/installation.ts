import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startEmbeddedPostgres } from '@orrery/engine'
import type { JobSpec } from '@orrery/protocol'
import type { Runner } from '@orrery/runner'
import { createServer, type Server } from '@orrery/server'
import { ApiClient } from '../../packages/cli/src/client/api.ts'
import { prepareRunner } from '../../packages/cli/src/local/runner-host.ts'
import { Settings } from '../../packages/cli/src/settings.ts'
import { imageMap } from '../../scripts/lib/images.mjs'

const run = promisify(execFile)

/** Database, server and runner of the product in this process: for tests that need settings no command line has. */
export class Installation implements AsyncDisposable {
  readonly server: Server
  readonly client: ApiClient
  readonly #close: () => Promise<void>

  private constructor(server: Server, client: ApiClient, close: () => Promise<void>) {
    this.server = server
    this.client = client
    this.#close = close
  }

  static async start(limits: Partial<JobSpec['limits']> = {}, slots = 4): Promise<Installation> {
    const dataDir = await mkdtemp(join(tmpdir(), 'oi-'))
    // As root the database runs under another account, which passes through here.
    await chmod(dataDir, 0o711)
    const database = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres') })
    const server = await createServer({ dataDir, databaseUrl: database.url, leaseS: 300, limits })
    await server.listen({ host: '127.0.0.1', port: 0 })
    const runner: Runner = await prepareRunner({
      serverUrl: server.url,
      token: server.createRunnerToken('test'),
      dataDir: join(dataDir, 'runner'),
      settings: Settings.parse({ imageMap: imageMap(), slots }),
    })
    await runner.start()
    const client = new ApiClient({ url: server.url, token: server.createUserToken('ada') })
    return new Installation(server, client, async () => {
      await runner.stop()
      await server.close()
      await database.stop()
      await rm(dataDir, { recursive: true, force: true })
    })
  }

  /** A repository with a commit of these files on `main`, and its project; pushes to it start nothing. */
  async project(name: string, files: Record<string, string>): Promise<TestProject> {
    const project = await this.server.registerProject({ slug: `local/acme/${name}`, name })
    const tree = await mkdtemp(join(tmpdir(), 'oi-tree-'))
    const made = new TestProject(this, project.id, tree, this.server.repositoryPath(project))
    await made.git('init', '-q', '-b', 'main')
    await made.commit(files)
    await made.git('push', '-q', made.repository, 'main')
    return made
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
  }
}

export class TestProject {
  readonly id: string
  readonly tree: string
  /** The server's bare repository. */
  readonly repository: string
  readonly #installation: Installation

  constructor(installation: Installation, id: string, tree: string, repository: string) {
    this.#installation = installation
    this.id = id
    this.tree = tree
    this.repository = repository
  }

  async git(...args: string[]): Promise<string> {
    const options = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-c', 'protocol.file.allow=always']
    return (await run('git', [...options, ...args], { cwd: this.tree })).stdout.trim()
  }

  /** Writes the files and commits them with what is staged; answers the commit. */
  async commit(files: Record<string, string>, add = ['--all']): Promise<string> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(this.tree, name, '..'), { recursive: true })
      await writeFile(join(this.tree, name), text)
    }
    await this.git('add', ...add)
    await this.git('commit', '-q', '--allow-empty', '-m', 'Change')
    return this.git('rev-parse', 'HEAD')
  }

  /** Starts a pipeline on a commit of `main` that the repository has; answers its id. */
  async start(revision: string): Promise<string> {
    const { server } = this.#installation
    const project = await server.engine.projectById(this.id)
    if (!project) throw new Error('the project is gone')
    return server.runCommit({ project, branch: 'main', revision, actor: { login: 'ada' }, parameters: {}, only: {} })
  }
}
