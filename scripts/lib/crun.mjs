import { existsSync, readFileSync } from 'node:fs'
import { findProgram, run } from './command.mjs'
import { ensurePackages } from './packages.mjs'
import { asRoot } from './root.mjs'

/**
 * crun, the runtime that jobs' containers start sooner with (docs/decisions/035-crun.md). dockerd's default stays what it
 * is; where crun cannot be had, or refuses this machine, jobs use that.
 */

/** Where machines with both generations of cgroups have the second one. */
const unified = '/sys/fs/cgroup/unified'

/**
 * Installs it where it is missing. An engine works without it, so that is tried and no more.
 * @param {import('./progress.mjs').Progress} progress
 */
export async function ensureCrun(progress) {
  if (findProgram('crun')) return
  try {
    await ensurePackages(['crun'], progress)
  } catch {
    progress.note('crun could not be installed: jobs start with runc, which takes a little longer.')
  }
}

/**
 * @param {string | undefined} program path of crun
 * @returns {Promise<string[]>} dockerd's flags that make it known; none where it would start nothing
 */
export async function crunFlags(program) {
  if (program === undefined) return []
  await freeControllers().catch(() => undefined)
  // It refuses to work with two generations of cgroups while the second one has controllers.
  return read(`${unified}/cgroup.controllers`) === '' ? ['--add-runtime', `crun=${program}`] : []
}

/**
 * Gives the controllers that nobody uses in the second generation to the first, which has the others here. A controller
 * is in one of them for the whole machine, so this is no matter of mount namespaces; unmounting takes it back.
 */
async function freeControllers() {
  const controllers = read(`${unified}/cgroup.controllers`)
  if (controllers === '' || read(`${unified}/cgroup.subtree_control`) !== '') return
  for (const name of controllers.split(' ')) {
    const directory = `/sys/fs/cgroup/${name}`
    const script = 'mkdir -p "$1" && { mount -t cgroup -o "$0" cgroup "$1" || { rmdir "$1"; false; }; }'
    const [shell, args] = await asRoot(['sh', '-c', script, name, directory])
    await run(shell, args)
  }
}

/**
 * @param {string} path
 * @returns {string} '' also where there is no such file
 */
function read(path) {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
}
