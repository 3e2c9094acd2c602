import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { PipelineView } from '@orrery/protocol'
import type { Orrery } from './orrery.ts'

const run = promisify(execFile)

/** A developer's clone with a project on the server. */
export class Repository {
  readonly path: string
  readonly slug: string
  readonly #gitUrl: string
  readonly #orrery: Orrery

  private constructor(path: string, slug: string, gitUrl: string, orrery: Orrery) {
    this.path = path
    this.slug = slug
    this.#gitUrl = gitUrl
    this.#orrery = orrery
  }

  static async create(orrery: Orrery, name: string, files: Record<string, string>): Promise<Repository> {
    const path = await mkdtemp(join(tmpdir(), 'orrery-repo-'))
    const project = await (await orrery.client()).addProject({ name: `acme/${name}` })
    const repository = new Repository(path, project.slug, project.gitUrl, orrery)
    await repository.git('init', '-q', '-b', 'main')
    await repository.commit(files, 'First commit')
    return repository
  }

  async git(...args: string[]): Promise<{ stdout: string; stderr: string }> {
    const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org']
    return run('git', [...identity, ...args], { cwd: this.path, env: { ...process.env, GIT_TERMINAL_PROMPT: '0' } })
  }

  async commit(files: Record<string, string>, message: string): Promise<string> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(this.path, name)), { recursive: true })
      await writeFile(join(this.path, name), text)
    }
    await this.git('add', '--all')
    await this.git('commit', '-q', '--allow-empty', '-m', message)
    return (await this.git('rev-parse', 'HEAD')).stdout.trim()
  }

  /** Pushes and answers what git printed for people. */
  async push(refspec = 'HEAD:refs/heads/main'): Promise<string> {
    const credentials = Buffer.from(`token:${await this.#orrery.token()}`).toString('base64')
    const environment = {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'http.extraHeader',
      GIT_CONFIG_VALUE_0: `Authorization: Basic ${credentials}`,
    }
    const env = { ...process.env, ...environment, GIT_TERMINAL_PROMPT: '0' }
    return (await run('git', ['push', this.#gitUrl, refspec], { cwd: this.path, env })).stderr
  }

  /** Commits, pushes and answers the pipeline that the push made. */
  async pipeline(files: Record<string, string> = {}, message = 'Change'): Promise<PipelineView & { pushed: string }> {
    const revision = await this.commit(files, message)
    const pushed = await this.push()
    const pipelines = await (await this.#orrery.client()).pipelines(this.slug)
    const found = pipelines.find((one) => one.revision === revision)
    if (!found) throw new Error(`no pipeline for ${revision}; git said:\n${pushed}`)
    return { ...found, pushed }
  }
}
