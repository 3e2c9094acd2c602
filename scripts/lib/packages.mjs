import { run } from './command.mjs'
import { SetupError } from './progress.mjs'
import { asRoot, canInstallPackages } from './root.mjs'

/** Answers nothing and asks nothing; waits for another package manager instead of failing. */
const aptOptions = ['-y', '-q', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=180']

/**
 * Installs those of the Debian packages that are missing. Says what it installs before it does.
 * @param {string[]} names
 * @param {import('./progress.mjs').Progress} progress
 * @throws {SetupError} where packages can't be installed, with the names to install by hand
 */
export async function ensurePackages(names, progress) {
  const missing = await missingPackages(names)
  if (missing.length === 0) return
  if (!canInstallPackages()) {
    throw new SetupError(`Missing here, and this script can install only on Debian or Ubuntu: ${missing.join(', ')}.`)
  }
  await progress.step(`installing Debian packages ${missing.join(', ')}`, async () => {
    await aptGet(['update', '-q'])
    await aptGet(['install', ...aptOptions, ...missing])
  })
}

/** @param {string[]} args */
async function aptGet(args) {
  const [program, rest] = await asRoot(['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args])
  await run(program, rest)
}

/**
 * @param {string[]} names
 * @returns {Promise<string[]>} those that are not installed; all where there is no dpkg
 */
async function missingPackages(names) {
  const query = ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names]
  const answer = await run('dpkg-query', query, { allowFailure: true }).catch(() => undefined)
  const installed = new Set(answer?.output.split('\n').filter((line) => line.endsWith(' installed')))
  return names.filter((name) => !installed.has(`${name} installed`))
}
