import { randomUUID } from 'node:crypto'
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** `~/.ssh` of the step user: what ssh finds without being told. All writes keep what is there already. */
export class SshDirectory {
  readonly path: string

  constructor(home: string) {
    this.path = join(home, '.ssh')
  }

  file(name: string): string {
    return join(this.path, name)
  }

  async make(): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 })
    // Ssh ignores what others may write to.
    await chmod(this.path, 0o700)
  }

  /** Replaces a file of mode 0600: complete or absent, and never readable by others, not even for a moment. */
  async write(name: string, content: string): Promise<void> {
    const temporary = this.file(`.${name}-${randomUUID()}`)
    await writeFile(temporary, content, { mode: 0o600, flag: 'wx' })
    await rename(temporary, this.file(name))
  }

  /** Adds the blocks that the file does not hold yet. */
  async append(name: string, blocks: readonly string[]): Promise<void> {
    const before = await readFile(this.file(name), 'utf8').catch(() => '')
    const missing = blocks.filter((block) => !before.includes(block))
    if (missing.length === 0) return
    const end = before === '' || before.endsWith('\n') ? '' : '\n'
    await this.write(name, `${before}${end}${missing.map((block) => `${block}\n`).join('')}`)
  }
}
