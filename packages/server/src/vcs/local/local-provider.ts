import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { OrreryError } from '@orrery/protocol'
import { gitStream, tryGit } from '../../git/run.ts'
import { checkSlug } from '../../git/slug.ts'
import type { CommitInfo, RepositoryRef, VcsProvider } from '../provider.ts'

const revisionShape = /^[0-9a-f]{40}([0-9a-f]{24})?$/
const maxLine = 1000
const maxBody = 64 * 1024

/** Repositories that this server hosts itself: bare ones below `root`, read by git. */
export class LocalProvider implements VcsProvider {
  readonly type = 'local'
  readonly #root: string
  readonly #publicUrl: () => string

  constructor(root: string, publicUrl: () => string) {
    this.#root = root
    this.#publicUrl = publicUrl
  }

  repositoryUrl(project: RepositoryRef): string {
    return `${this.#publicUrl()}/git/${project.slug}.git`
  }

  async resolve(project: RepositoryRef, ref: { branch: string } | { tag: string }): Promise<string | null> {
    const full = 'branch' in ref ? `refs/heads/${ref.branch}` : `refs/tags/${ref.tag}`
    const repository = this.#repository(project)
    // First the ref by its exact name, so that revision syntax in a branch name (`main~3`) means nothing.
    const found = await tryGit(['show-ref', '--verify', '--hash', full], { repository })
    if (found.code !== 0) return null
    const object = found.stdout.toString().trim()
    const peeled = await tryGit(['rev-parse', '--verify', '--quiet', '--end-of-options', `${object}^{commit}`], {
      repository,
    })
    return peeled.code === 0 ? peeled.stdout.toString().trim() : null
  }

  async commitInfo(project: RepositoryRef, revision: string): Promise<CommitInfo> {
    // Peeled here: log would take HEAD for an object that holds no commit.
    const result = await tryGit(
      [
        'log',
        '-1',
        '--format=%H%x00%an%x00%s%x00%b',
        '--no-show-signature',
        '--end-of-options',
        `${checkRevision(revision)}^{commit}`,
      ],
      { repository: this.#repository(project) },
    )
    if (result.code !== 0) throw new OrreryError('ORY_NOT_FOUND', [`commit ${revision}`])
    const [found = '', author = '', subject = '', body = ''] = result.stdout.toString().split('\0')
    return {
      revision: found,
      author: author.slice(0, maxLine),
      subject: subject.slice(0, maxLine),
      body: body.trim().slice(0, maxBody),
    }
  }

  async readFile(project: RepositoryRef, revision: string, path: string, maxBytes: number): Promise<Buffer | null> {
    const repository = this.#repository(project)
    const object = `${checkRevision(revision)}:${path}`
    const size = await tryGit(['cat-file', '-s', object], { repository })
    if (size.code !== 0) return null
    if (Number(size.stdout.toString()) > maxBytes) throw new OrreryError('ORY_TOO_LARGE', [path, `${maxBytes} bytes`])
    const found = await tryGit(['cat-file', 'blob', object], { repository, maxBytes })
    return found.code === 0 ? found.stdout : null
  }

  archive(project: RepositoryRef, revision: string): Readable {
    return gitStream(['archive', '--format=tar', checkRevision(revision)], this.#repository(project))
  }

  #repository(project: RepositoryRef): string {
    return join(this.#root, `${checkSlug(project.slug)}.git`)
  }
}

function checkRevision(revision: string): string {
  if (!revisionShape.test(revision)) throw new OrreryError('ORY_NOT_FOUND', [`commit ${JSON.stringify(revision)}`])
  return revision
}
