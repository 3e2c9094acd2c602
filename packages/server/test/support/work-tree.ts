import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const identity = ['-c', 'user.name=Dev', '-c', 'user.email=dev@example.com', '-c', 'commit.gpgsign=false']

export interface GitResult {
  code: number
  stdout: string
  stderr: string
}

/** A person's clone, with real git. */
export class WorkTree {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async create(): Promise<WorkTree> {
    const tree = new WorkTree(await mkdtemp(join(tmpdir(), 'orrery-tree-')))
    await tree.git('init', '--quiet', '--initial-branch=main')
    return tree
  }

  git(...args: string[]): Promise<GitResult> {
    const environment = {
      PATH: process.env['PATH'],
      HOME: this.path,
      GIT_TERMINAL_PROMPT: '0',
      GIT_CONFIG_NOSYSTEM: '1',
    }
    return new Promise((resolve) => {
      execFile('git', [...identity, ...args], { cwd: this.path, env: environment }, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr })
      })
    })
  }

  /** Commits the files and answers the commit. */
  async commit(message: string, files: Record<string, string> = {}): Promise<string> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(this.path, name)), { recursive: true })
      await writeFile(join(this.path, name), text)
    }
    await this.git('add', '-A')
    await this.git('commit', '--quiet', '--allow-empty', '-m', message)
    return (await this.git('rev-parse', 'HEAD')).stdout.trim()
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true })
  }
}

/** A repository's address with a token in it, as people put it into git. */
export function withToken(url: string, token: string): string {
  return url.replace('http://', `http://git:${token}@`)
}
