import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { CheckoutStep } from '@orrery/protocol'
import { reasonOf } from '../../archive/reason.ts'
import type { GitSetting, ProcessContext } from '../process-context.ts'
import { failed, type StepResult, succeeded } from '../step.ts'
import { Git, GitFailure, gitVersion, hasSsh } from './git.ts'
import { httpsSettings } from './https-access.ts'
import { unpackSource } from './source-tree.ts'
import { addKnownHosts, installCheckoutKey } from './ssh-access.ts'

/** Partial clones are broken in this release (spec: execution.md 10.4). */
const versionWithoutFilter = '2.41.0'

/** Brings the repository at exactly the commit under test (spec: execution.md 10.4). */
export async function execute(step: CheckoutStep, context: ProcessContext): Promise<StepResult> {
  const path = context.resolvePath(step.path ?? '.')
  const found = await look(path)
  if (typeof found !== 'string') {
    context.write(found.problem)
    return failed
  }
  const { ssh } = context.spec.checkout
  // Nothing of the checkout itself needs the host keys unless it goes over SSH: a home that cannot be written is no fault.
  await addKnownHosts(context.home, ssh?.knownHosts ?? []).catch((error: unknown) =>
    context.write(`Warning: ~/.ssh/known_hosts cannot be written: ${reasonOf(error)}\n`),
  )
  const [version, sshIsThere] = await Promise.all([gitVersion(context), ssh === undefined || hasSsh(context)])
  const missing = version === undefined ? 'git' : 'ssh client'
  if (version === undefined || !sshIsThere) {
    if (found === 'repository') {
      context.write(`${path} is a git repository, but this image has no ${missing} to update it with.\n`)
      return failed
    }
    return await unpackSource(path, missing, context)
  }
  const filter = step.method === 'blobless' && version !== versionWithoutFilter ? ['--filter=blob:none'] : []
  try {
    await checkOut(path, found, filter, context)
    return succeeded
  } catch (error) {
    if (error instanceof GitFailure) return error.result
    throw error
  }
}

/** What is at the path: nothing or an empty directory, a repository, or the reason why it cannot be used. */
async function look(path: string): Promise<'empty' | 'repository' | { problem: string }> {
  try {
    await mkdir(path, { recursive: true })
    // A file in worktrees and submodules, a directory else.
    if ((await stat(join(path, '.git')).catch(() => undefined)) !== undefined) return 'repository'
    if ((await readdir(path)).length === 0) return 'empty'
  } catch (error) {
    return { problem: `The directory ${path} cannot be used for the checkout: ${reasonOf(error)}\n` }
  }
  return { problem: `The directory ${path} exists, is not empty and is not a git repository.\n` }
}

/** How git reaches the repository: over SSH with the checkout key, over HTTPS with a token, or through the task's gateway. */
async function way(context: ProcessContext): Promise<{ settings: GitSetting[]; env: Record<string, string> }> {
  const { url, ssh, https } = context.spec.checkout
  if (https !== undefined) return { settings: httpsSettings(url), env: {} }
  if (ssh !== undefined) {
    const env = await installCheckoutKey(context.home, ssh)
    // Submodules and dependencies that name GitHub's https addresses go by the key, too.
    return { settings: [['url.ssh://git@github.com.insteadOf', 'https://github.com']], env }
  }
  const proxy = await context.openGitProxy()
  return {
    settings: [
      [`url.${proxy.url}.insteadOf`, url],
      // An HTTP proxy of the place must not be asked for the place's own loopback.
      [`http.${proxy.origin}.proxy`, ''],
    ],
    env: {},
  }
}

async function checkOut(
  path: string,
  found: 'empty' | 'repository',
  filter: readonly string[],
  context: ProcessContext,
): Promise<void> {
  const { url, sha, branch, tag } = context.spec.checkout
  const { settings, env } = await way(context)
  settings.push(['safe.directory', path])
  const git = new Git(context, settings, env)
  if (found === 'empty') {
    context.write(`Cloning ${url} into ${path}\n`)
    await git.run(path, 'clone', '--no-checkout', ...filter, url, '.')
  } else {
    context.write(`Fetching into the existing repository ${path}\n`)
    // A cached repository may come from another address, or from a step that made it by hand.
    if (!(await git.holds(path, 'remote', 'set-url', 'origin', url))) {
      await git.run(path, 'remote', 'add', 'origin', url)
    }
  }
  context.addGitConfig(settings)
  // Housekeeping in the background would keep files open and change what a cache step stores.
  await git.run(path, 'config', 'gc.auto', '0')
  await fetchCommit(git, path, found === 'empty', context)
  if (tag !== undefined) {
    context.write(`Checking out tag ${tag}\n`)
    await git.run(path, 'checkout', '--force', '--quiet', `refs/tags/${tag}`)
    await git.run(path, 'reset', '--hard', '--quiet', sha)
  } else if (branch !== undefined) {
    context.write(`Checking out branch ${branch}\n`)
    await git.run(path, 'checkout', '--force', '--quiet', '-B', branch, sha)
  } else await git.run(path, 'checkout', '--force', '--quiet', '--detach', sha)
  await git.run(path, '--no-pager', 'log', '--no-color', '--format=HEAD is now at %h %s', '-n', '1')
}

/**
 * Fetches until the commit is there. A fresh clone usually has it. A branch that was force-pushed or removed since is
 * no reason to fail as long as the server still gives the commit.
 */
async function fetchCommit(git: Git, path: string, cloned: boolean, context: ProcessContext): Promise<void> {
  const { url, sha, branch, tag } = context.spec.checkout
  const hasCommit = (): Promise<boolean> => git.holds(path, 'cat-file', '-e', `${sha}^{commit}`)
  if (cloned && (await hasCommit())) return
  await git.tries(path, 'fetch', '--force', ...refspec(branch, tag))
  if (await hasCommit()) return
  context.write(`The commit ${sha} is not there; fetching it by its id\n`)
  await git.tries(path, 'fetch', '--force', 'origin', sha)
  if (await hasCommit()) return
  context.write(`The commit ${sha} cannot be had from ${url}. Was the branch force-pushed?\n`)
  throw new GitFailure(failed)
}

function refspec(branch: string | undefined, tag: string | undefined): string[] {
  if (tag !== undefined) return ['--tags', 'origin']
  const pull = /^pull\/\d+$/.exec(branch ?? '')?.[0]
  if (pull !== undefined) return ['origin', `+refs/${pull}/head:refs/remotes/origin/${pull}`]
  return branch === undefined ? ['origin'] : ['origin', `+refs/heads/${branch}:refs/remotes/origin/${branch}`]
}
