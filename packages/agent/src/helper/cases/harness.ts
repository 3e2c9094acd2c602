import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll } from 'vitest'
import { buildAgent } from '../../build.ts'

/** The helper as places get it, built once for each test file. */
const build = mkdtempSync(join(tmpdir(), 'orrery-helper-build-'))
afterAll(() => rmSync(build, { recursive: true, force: true }))
await buildAgent(build)
export const main = join(build, 'circleci.mjs')

export interface Run {
  status: number | null
  stdout: string
  stderr: string
}

/** A directory in which the helper runs as a process of its own, as a step would call it. */
export class Workplace implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'orrery-helper-'))

  /** `size` bytes each where a number is given. */
  files(files: Record<string, string | number>): this {
    for (const [path, content] of Object.entries(files)) {
      const target = join(this.root, path)
      mkdirSync(dirname(target), { recursive: true })
      writeFileSync(target, typeof content === 'number' ? 'x'.repeat(content) : content)
      if (path.endsWith('.sh')) chmodSync(target, 0o755)
    }
    return this
  }

  /** The data of earlier runs, where a step finds it. */
  results(tests: readonly unknown[]): Record<string, string> {
    const data = join(this.root, '.data')
    mkdirSync(join(data, 'circle-test-results'), { recursive: true })
    writeFileSync(join(data, 'circle-test-results', 'results.json'), JSON.stringify({ tests }))
    return { CIRCLE_INTERNAL_TASK_DATA: data }
  }

  circleci(args: readonly string[], options: { input?: string; env?: Record<string, string> } = {}): Run {
    const { input = '', env = {} } = options
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
      cwd: this.root,
      input,
      env: { PATH: process.env['PATH'] ?? '', ...env },
      encoding: 'utf8',
    })
    return { status, stdout, stderr }
  }

  /** The same beside this process, which can answer the helper meanwhile. */
  async circleciBeside(args: readonly string[], env: Record<string, string> = {}): Promise<Run> {
    const child = spawn(process.execPath, [main, ...args], {
      cwd: this.root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', ...env },
    })
    const [stdout, stderr, status] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise<number | null>((resolve) => child.once('close', resolve)),
    ])
    return { status, stdout, stderr }
  }

  /** What the nodes of a job print, one after the other. */
  nodes(total: number, args: readonly string[], input: string, env: Record<string, string> = {}): string[][] {
    return Array.from({ length: total }, (_, index) => {
      const node = { CIRCLE_NODE_INDEX: `${index}`, CIRCLE_NODE_TOTAL: `${total}` }
      const { stdout } = this.circleci(args, { input, env: { ...env, ...node } })
      return stdout.split('\n').filter(Boolean)
    })
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}
