import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { OrreryError } from '@orrery/protocol'
import { git } from './git.ts'

export interface Snapshot {
  /** Top of the working tree. */
  root: string
  name: string
  branch: string
  /** A commit that holds exactly what lies in the working tree: HEAD when nothing was changed. */
  revision: string
  changed: boolean
}

/**
 * Takes the working tree as it is, with changes and new files but without ignored ones, as a commit that no branch
 * points at. Neither the index nor the working tree nor any ref is touched.
 *
 * @throws OrreryError ORY_BAD_REQUEST outside a git working tree or before the first commit.
 */
export async function snapshot(directory: string): Promise<Snapshot> {
  const root = await topLevel(directory)
  const head = await git(root, ['rev-parse', '--verify', 'HEAD']).catch(() => {
    throw new OrreryError('ORY_BAD_REQUEST', [`${root} has no commit yet`])
  })
  const branch = await git(root, ['symbolic-ref', '--short', '-q', 'HEAD']).catch(() => 'main')
  const tree = await writeTree(root)
  const changed = tree !== (await git(root, ['rev-parse', 'HEAD^{tree}']))
  const revision = changed ? await commit(root, tree, head) : head
  return { root, name: basename(root).replace(/[^A-Za-z0-9._-]/g, '-'), branch, revision, changed }
}

async function topLevel(directory: string): Promise<string> {
  try {
    return await git(directory, ['rev-parse', '--show-toplevel'])
  } catch {
    throw new OrreryError('ORY_BAD_REQUEST', [`${directory} is not in a git working tree`])
  }
}

/** A copy of the index keeps git's cached file states, so that only changed files are read. */
async function writeTree(root: string): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'orrery-index-'))
  try {
    const index = join(scratch, 'index')
    const current = await git(root, ['rev-parse', '--path-format=absolute', '--git-path', 'index'])
    await copyFile(current, index).catch(() => {}) // a fresh repository has no index file; git starts an empty one
    await git(root, ['add', '--all', '--', ':/'], { GIT_INDEX_FILE: index })
    return await git(root, ['write-tree'], { GIT_INDEX_FILE: index })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

function commit(root: string, tree: string, parent: string): Promise<string> {
  const identity = { NAME: 'orrery run', EMAIL: 'orrery@localhost' }
  const environment = Object.fromEntries(
    Object.entries(identity).flatMap(([key, value]) => [
      [`GIT_AUTHOR_${key}`, value],
      [`GIT_COMMITTER_${key}`, value],
    ]),
  )
  return git(root, ['commit-tree', tree, '-p', parent, '-m', 'Working tree with uncommitted changes'], environment)
}
