import { existsSync } from 'node:fs'
import { proxyVariables, trustVariables } from './ca.mjs'
import { findProgram, run, runInForeground } from './command.mjs'
import { SetupError } from './progress.mjs'

/** What downloads by root need on a company network. */
const keptVariables = [...trustVariables, ...proxyVariables]

/** @returns {boolean} true when this process is root */
export function isRoot() {
  return process.getuid?.() === 0
}

/**
 * Can this machine get Debian packages from us? Debian's and Ubuntu's package tool, and root or sudo to use it.
 * @returns {boolean}
 */
export function canInstallPackages() {
  return existsSync('/usr/bin/apt-get') && (isRoot() || findProgram('sudo') !== undefined)
}

/**
 * The command line that runs `args` as root: itself for root, through sudo for others. Asks for the password once,
 * where a person can type it.
 * @param {string[]} args
 * @returns {Promise<[string, string[]]>} program and arguments
 */
export async function asRoot(args) {
  const [program = '', ...rest] = args
  if (isRoot()) return [program, rest]
  const sudo = findProgram('sudo')
  if (!sudo) throw new SetupError(`This needs root: ${args.join(' ')}`)
  if ((await run(sudo, ['-n', 'true'], { allowFailure: true })).code !== 0) {
    if (!process.stdin.isTTY) throw new SetupError('sudo asks for a password here. Run this as root instead.')
    console.log('  Root is needed to set this machine up; sudo asks for your password once.')
    if ((await runInForeground(sudo, ['-v'])) !== 0) throw new SetupError('Without root nothing can be installed.')
  }
  return [sudo, ['-n', `--preserve-env=${keptVariables.join(',')}`, '--', ...args]]
}
