import { performance } from 'node:perf_hooks'
import { findTrust } from './ca.mjs'
import { runInForeground } from './command.mjs'
import { ensureEngine } from './engine.mjs'
import { ensureImages, imageMap, imagePackages, isRegistryReached } from './images.mjs'
import { installDependencies, productEnvironment, productNode, root } from './install.mjs'
import { createProgress, SetupError } from './progress.mjs'

/**
 * What Orrery's settings need to know about this machine; the names are those of `settings.json`.
 *
 * @typedef {object} Prepared
 * @property {string} dockerHost
 * @property {{ match: string, image: string }[]} imageMap empty where a registry is reached
 * @property {string} [caBundle] PEM file that jobs shall trust
 * @property {Record<string, string>} environment proxies, for every job
 */

/** Where an engine of our own lives: short, not in a home folder, and the same for every run. */
export const engineDirectory = process.env.ORRERY_ENGINE_DIR ?? '/var/lib/orrery-engine'

/** What the sample repository's configuration asks for. */
const sampleImages = ['node:20', 'redis:7']

/**
 * Makes this machine ready to run Orrery: dependencies, a container engine, images where there is no registry, and
 * the built programs. Says what it does; what is there already costs next to nothing.
 * @returns {Promise<Prepared>}
 */
export async function prepare() {
  const progress = createProgress()
  const [dockerHost] = await Promise.all([prepareForSample(progress), installDependencies(progress, { dev: false })])
  await buildPrograms()
  const { caBundle, environment, unreachable } = findTrust()
  if (caBundle) progress.note(`jobs get this machine's roots of trust: ${caBundle}`)
  for (const name of unreachable) progress.note(`${name} names a proxy that containers can't reach; jobs don't get it`)
  return { dockerHost, imageMap: (await isRegistryReached()) ? [] : imageMap(), caBundle, environment }
}

/**
 * @param {import('./progress.mjs').Progress} progress
 * @returns {Promise<string>} DOCKER_HOST
 */
async function prepareForSample(progress) {
  // Where there is a registry, jobs pull what their configuration names.
  const images = (await isRegistryReached()) ? [] : sampleImages
  const { dockerHost } = await prepareEngine(progress, images)
  return dockerHost
}

/**
 * The engine, with images made by our recipes.
 * @param {import('./progress.mjs').Progress} progress
 * @param {string[]} images names of recipes
 */
export async function prepareEngine(progress, images) {
  const started = performance.now()
  // One installation instead of two, when it comes to that.
  const packages = (await isRegistryReached()) ? [] : imagePackages(images)
  const engine = await ensureEngine(engineDirectory, progress, packages)
  const { name, own, dockerHost } = engine
  progress.done(`container engine: ${name} (${own ? 'started by us' : dockerHost})`, started)
  await ensureImages(images, { dockerHost, progress })
  return engine
}

/**
 * Builds what is out of date; prints only what it does.
 * @param {{ quiet?: boolean }} [options] quiet = not even that
 */
export async function buildPrograms({ quiet = false } = {}) {
  const args = [`${root}scripts/build.ts`, ...(quiet ? ['--quiet'] : [])]
  const code = await runInForeground(productNode(), args, productEnvironment())
  if (code !== 0) throw new SetupError('The build failed.')
}
