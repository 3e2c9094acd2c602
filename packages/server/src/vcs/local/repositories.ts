import { randomUUID } from 'node:crypto'
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { OrreryError } from '@orrery/protocol'
import { git } from '../../git/run.ts'
import { checkSlug } from '../../git/slug.ts'

/** `git archive` must give what a checkout gives: all files, as they are. This file overrules those in the tree. */
const attributes = '* -export-ignore -export-subst\n'

/**
 * Makes the bare repository of a project, filled from `from` (an absolute path or an https address) when given; answers
 * its default branch. The finished repository appears in one rename, so a crash leaves nothing half done; a repository
 * that is there already (its project row was lost to a crash) is kept and brought up to `from`.
 */
export async function makeRepository(root: string, slug: string, from?: string): Promise<string> {
  const path = join(root, `${checkSlug(slug)}.git`)
  if (!(await exists(path))) await initialise(root, path)
  if (from === undefined) return 'main'
  const source = checkSource(from)
  const branch = await headOf(source)
  await git(
    [
      'fetch',
      '--quiet',
      '--no-write-fetch-head',
      '--',
      source,
      '+refs/heads/*:refs/heads/*',
      '+refs/tags/*:refs/tags/*',
    ],
    {
      repository: path,
    },
  )
  await git(['symbolic-ref', 'HEAD', `refs/heads/${branch}`], { repository: path })
  return branch
}

async function initialise(root: string, path: string): Promise<void> {
  const draft = join(root, `.new-${randomUUID()}`)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  try {
    await git(['init', '--quiet', '--bare', '--initial-branch=main', '--template=', '--', draft])
    await mkdir(join(draft, 'info'), { recursive: true })
    await writeFile(join(draft, 'info', 'attributes'), attributes)
    await rename(draft, path)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** The branch that the source's HEAD names; `main` for one that does not say. */
async function headOf(source: string): Promise<string> {
  const answer = await git(['ls-remote', '--symref', '--', source, 'HEAD'])
  const match = /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(answer.toString())
  return match?.[1] ?? 'main'
}

/** Only whole paths and https: no option, no other transport, no password that would end up in a process list. */
function checkSource(from: string): string {
  if (isAbsolute(from)) return from
  if (URL.canParse(from)) {
    const url = new URL(from)
    if (url.protocol === 'https:' && url.password === '' && url.username === '') return from
  }
  throw new OrreryError('ORY_BAD_REQUEST', [`${JSON.stringify(from)} is neither an absolute path nor an https address`])
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}
