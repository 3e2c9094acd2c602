import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { proxyVariables } from './ca.mjs'
import { run } from './command.mjs'
import { followStream, imageLabels, readText } from './engine-api.mjs'
import { ensurePackages } from './packages.mjs'
import { SetupError } from './progress.mjs'
import { findRecipe, isArchive, recipeFolder, recipeHash } from './recipes.mjs'
import { asRoot } from './root.mjs'

export { imageMap } from './recipes.mjs'

/** @typedef {import('./recipes.mjs').Recipe} Recipe */

/** Says which recipe, in which version, an image was made by. */
const label = 'io.orrery.recipe'

/**
 * Makes sure that the engine has these images, as their recipes are now; makes those that are missing or out of date:
 * from a registry where one is reached, else from the distribution's packages.
 * @param {string[]} names of recipes, e.g. `base`, `node:20`
 * @param {ImageOptions} options
 *
 * @typedef {{ dockerHost: string, progress: import('./progress.mjs').Progress }} ImageOptions
 */
export async function ensureImages(names, options) {
  for (const name of withBases(names)) {
    const recipe = findRecipe(name)
    const labels = await imageLabels(options.dockerHost, recipe.image)
    if ([recipeHash(recipe), pulledHash(recipe)].includes(labels?.[label] ?? '')) continue
    if (await pullImage(recipe, options)) continue
    if (isArchive(recipe)) await ensurePackages(recipe.packages ?? [], options.progress)
    await options.progress.step(`making image ${recipe.image}`, () =>
      isArchive(recipe) ? importImage(recipe, options.dockerHost) : buildImage(recipe, options.dockerHost),
    )
  }
}

/**
 * @param {Recipe} recipe
 * @param {ImageOptions} options
 * @returns {Promise<boolean>} false = make it here instead
 */
async function pullImage(recipe, { dockerHost, progress }) {
  if (!recipe.upstream || !(await isRegistryReached())) return false
  const context = mkdtempSync(join(tmpdir(), 'orrery-image-'))
  try {
    // By a build instead of a pull, as a build can add the label that tells what the image is.
    writeFileSync(join(context, 'Dockerfile'), `FROM ${recipe.upstream}\n`)
    await progress.step(`pulling ${recipe.upstream}`, () => build(context, recipe, pulledHash(recipe), dockerHost))
    return true
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    progress.note(`${recipe.upstream} could not be pulled (${error.message.split('\n')[0]}); making it here.`)
    return false
  } finally {
    rmSync(context, { recursive: true, force: true })
  }
}

/**
 * @param {string[]} names
 * @returns {string[]} Debian packages that making these images needs on this machine
 */
export function imagePackages(names) {
  return [...new Set(withBases(names).flatMap((name) => findRecipe(name).packages ?? []))]
}

/** @param {Recipe} recipe */
function pulledHash(recipe) {
  return `pulled:${recipe.upstream}`
}

/**
 * @param {string[]} names
 * @returns {string[]} with what they build on, that first
 */
function withBases(names) {
  return [...new Set(names.flatMap((name) => [findRecipe(name).from, name]).filter((name) => name !== undefined))]
}

/**
 * Streams what `make` prints straight into the engine: no archive on the disk.
 * @param {Recipe} recipe
 * @param {string} dockerHost
 */
async function importImage(recipe, dockerHost) {
  const folder = recipeFolder(recipe)
  const changes = readFileSync(join(folder, 'changes'), 'utf8').trim().split('\n')
  const query = new URLSearchParams({ fromSrc: '-', ...nameAndTag(recipe.image) })
  for (const change of [...changes, `LABEL ${label}=${recipeHash(recipe)}`]) query.append('changes', change)

  const [program, args] = await asRoot([join(folder, 'make')])
  // Detached, as mmdebstrap tells its whole process group to hang up when it fails.
  await streamInto(spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] }), (archive) =>
    followStream(dockerHost, `/images/create?${query}`, archive),
  )
}

/**
 * @param {Recipe} recipe
 * @param {string} dockerHost
 */
async function buildImage(recipe, dockerHost) {
  const context = mkdtempSync(join(tmpdir(), 'orrery-image-'))
  try {
    cpSync(recipeFolder(recipe), context, { recursive: true })
    const fill = join(context, 'fill')
    if (existsSync(fill)) await run(fill, [context], { env: { ...process.env, ...recipe.variables } })
    await build(context, recipe, recipeHash(recipe), dockerHost)
  } finally {
    rmSync(context, { recursive: true, force: true })
  }
}

/**
 * @param {string} context folder with a Dockerfile
 * @param {Recipe} recipe
 * @param {string} hash
 * @param {string} dockerHost
 */
async function build(context, recipe, hash, dockerHost) {
  const query = new URLSearchParams({
    t: recipe.image,
    labels: JSON.stringify({ [label]: hash }),
    buildargs: JSON.stringify(proxies()),
    // The host's network: its name server and its proxies, also those on the loopback, work as they do here.
    networkmode: 'host',
    rm: 'true',
    forcerm: 'true',
  })
  const tar = spawn('tar', ['-C', context, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'pipe'] })
  await streamInto(tar, (archive) => followStream(dockerHost, `/build?${query}`, archive))
}

/** Proxy variables for the build's own downloads; engines don't record these in the image. */
function proxies() {
  return Object.fromEntries(proxyVariables.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

/**
 * Runs a program whose output goes to the engine; both must end well. The program's own complaint comes first, as the
 * engine's is only that the archive broke off.
 * @param {import('node:child_process').ChildProcessByStdio<null, import('node:stream').Readable, import('node:stream').Readable>} child
 * @param {(archive: NodeJS.ReadableStream) => Promise<void>} consume
 */
async function streamInto(child, consume) {
  const complaint = readText(child.stderr)
  const ended = new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code) => resolve(code === 0 ? undefined : `it ended with ${code}`))
  })
  const refusal = await consume(child.stdout).catch((error) => error)
  // An engine that refuses early leaves the archive unread; without a reader the program would wait for ever.
  child.stdout.destroy()
  const failure = await ended
  if (refusal && child.stdout.readableEnded === false) throw refusal
  if (failure) throw new SetupError(`${child.spawnargs[0]}: ${failure}\n${await complaint}`)
  if (refusal) throw refusal
}

/** @param {string} image */
function nameAndTag(image) {
  const [repo = '', tag = 'latest'] = image.split(':')
  return { repo, tag }
}

/** @type {Promise<boolean> | undefined} */
let registryReached

/**
 * Asks the usual registry once, for at most 3 seconds.
 * @returns {Promise<boolean>}
 */
export function isRegistryReached() {
  registryReached ??= fetch('https://registry-1.docker.io/v2/', { signal: AbortSignal.timeout(3000) }).then(
    // It answers 401 to whoever has no token yet.
    ({ status }) => status === 200 || status === 401,
    () => false,
  )
  return registryReached
}
