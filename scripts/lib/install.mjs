import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProgram, run, runInForeground } from './command.mjs'
import { SetupError } from './progress.mjs'

/** The checkout. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

/** The Node that everything but these first scripts runs on (docs/decisions/004-node-version.md). */
const oldestNode = { major: 24, minor: 15 }

/**
 * Makes node_modules match package-lock.json, by `npm ci` only where it doesn't. Never changes the lock.
 * @param {import('./progress.mjs').Progress} progress
 * @param {{ dev: boolean }} options dev = with the tools that only developing needs
 */
export async function installDependencies(progress, { dev }) {
  if (isInstalled(root, { dev })) return
  const npm = findProgram('npm')
  if (!npm) throw new SetupError('npm is missing. Install Node.js 20 or newer together with npm.')
  const title = dev ? 'installing dependencies' : 'installing dependencies (only what running needs)'
  await progress.step(title, async () => {
    await run(npm, ['ci', '--ignore-scripts', '--loglevel=error', ...(dev ? [] : ['--omit=dev'])], { cwd: root })
  })
  if (!isInstalled(root, { dev }))
    throw new SetupError('npm ci ended well, but node_modules is not what the lock says.')
}

/**
 * Compares npm's own record of what it installed with the lock. npm writes that record last, so an installation that
 * was cut short has none; and one made by hand counts as well as one made by us.
 * @param {string} folder
 * @param {{ dev: boolean }} options
 * @returns {boolean}
 */
export function isInstalled(folder, { dev }) {
  const wanted = readPackages(join(folder, 'package-lock.json'))
  const present = readPackages(join(folder, 'node_modules/.package-lock.json'))
  if (!wanted || !present) return false
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.includes('node_modules/')) return true
    const found = present[path]
    // Optional packages of other platforms are in the lock only.
    if (!found) return entry.optional || entry.devOptional || (entry.dev && !dev)
    return found.version === entry.version && found.integrity === entry.integrity
  })
}

/**
 * @typedef {{ version?: string, integrity?: string, dev?: boolean, optional?: boolean, devOptional?: boolean }} LockEntry
 * @param {string} path
 * @returns {Record<string, LockEntry> | undefined}
 */
function readPackages(path) {
  if (!existsSync(path)) return undefined
  return JSON.parse(readFileSync(path, 'utf8')).packages
}

/**
 * The Node that runs the product: the one npm installed, else this one if it is new enough.
 * @returns {string} path of the program
 */
export function productNode() {
  const installed = join(root, 'node_modules/.bin/node')
  if (existsSync(installed)) return installed
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > oldestNode.major || (major === oldestNode.major && minor >= oldestNode.minor)) return process.execPath
  throw new SetupError(
    `npm brings a Node only for Linux on x86-64. Here, install Node ${oldestNode.major}.${oldestNode.minor} or newer; this is ${process.versions.node}.`,
  )
}

/**
 * Environment for programs of node_modules.
 * @param {NodeJS.ProcessEnv} [extra]
 * @returns {NodeJS.ProcessEnv}
 */
export function productEnvironment(extra = {}) {
  return { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH ?? ''}`, ...extra }
}

/**
 * Runs a file of this checkout with the product's Node, with this terminal as its own.
 * @param {string} file relative to the checkout
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [extra]
 * @returns {Promise<number>} its exit code
 */
export function runWithProductNode(file, args, extra = {}) {
  return runInForeground(productNode(), [join(root, file), ...args], productEnvironment(extra))
}
