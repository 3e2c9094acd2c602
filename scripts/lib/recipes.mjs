import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The images that can be made where no registry is reached. A folder of `scripts/images/` holds either `make`, which
 * prints the tar of a whole file system, with `changes`, the Dockerfile lines to go with it; or a `Dockerfile` with its
 * build context, and `fill` if something must be put into that first.
 *
 * @typedef {object} Recipe
 * @property {string} image what the engine calls it
 * @property {string} folder in scripts/images
 * @property {string} [upstream] what is pulled instead where a registry is reached
 * @property {string[]} matches names in configurations that it stands for; `*` matches anything
 * @property {string} [from] name of the recipe it builds on
 * @property {string[]} [packages] Debian packages that `make` needs here
 * @property {Record<string, string>} [variables] for `make` and `fill`
 */

/** @type {Record<string, Recipe>} */
const recipes = {
  base: {
    image: 'orrery/base:bookworm',
    folder: 'base',
    upstream: 'cimg/base:current',
    matches: ['cimg/base:*', 'debian:*', 'buildpack-deps:*'],
    packages: ['mmdebstrap', 'debian-archive-keyring'],
  },
  busybox: {
    image: 'orrery/busybox:latest',
    folder: 'busybox',
    upstream: 'busybox:stable',
    matches: ['busybox', 'busybox:*'],
    packages: ['busybox-static'],
  },
  'node:20': node('20', '20.20.2', '10.9.9', ['cimg/node:20*', 'node:20*', 'circleci/node:20*']),
  'node:22': node('22', '22.23.3', '10.9.9', ['cimg/node:22*', 'node:22*', 'cimg/node:lts', 'node:lts*']),
  'node:24': node('24', '24.21.0', '11.19.1', ['cimg/node:*', 'node', 'node:*', 'circleci/node:*']),
  'python:3.11': layer('python', '3.11', 'cimg/python:3.11', [
    'cimg/python:*',
    'python',
    'python:*',
    'circleci/python:*',
  ]),
  'go:1.19': layer('go', '1.19', 'cimg/go:1.19', ['cimg/go:*', 'golang', 'golang:*', 'circleci/golang:*']),
  'redis:7': layer('redis', '7', 'redis:7', ['cimg/redis:*', 'redis', 'redis:*', 'circleci/redis:*']),
  'postgres:15': layer('postgres', '15', 'cimg/postgres:15.0', [
    ...['cimg/postgres:*', 'postgres', 'postgres:*', 'circleci/postgres:*'],
  ]),
  'remote-docker': {
    image: 'orrery/remote-docker:20.10',
    folder: 'remote-docker',
    // Majors that the distribution does not have are served by the one that it has.
    matches: ['orrery/remote-docker:*'],
    from: 'base',
  },
  // For the tests of this project: a user that is root, and an image that holds next to nothing.
  'test-debian': { image: 'orrery-test/debian:latest', folder: 'test-debian', matches: [], from: 'base' },
  'test-dash': { image: 'orrery-test/dash:latest', folder: 'test-dash', matches: [], from: 'base' },
  'test-odd': { image: 'orrery-test/odd:latest', folder: 'test-odd', matches: [], from: 'base' },
  'test-compose': { image: 'orrery-test/compose:latest', folder: 'test-compose', matches: [], from: 'remote-docker' },
  'test-sshd': { image: 'orrery-test/sshd:latest', folder: 'test-sshd', matches: [], from: 'base' },
  'test-busybox': { image: 'orrery-test/busybox:latest', folder: 'busybox', matches: [], packages: ['busybox-static'] },
}

/**
 * @param {string} major
 * @param {string} release
 * @param {string} npm
 * @param {string[]} matches
 * @returns {Recipe}
 */
function node(major, release, npm, matches) {
  const variables = { NODE: release, NPM: npm, YARN: '1.22.22', COREPACK: '0.34.7' }
  return { ...layer('node', major, `cimg/node:${major}.11`, matches), variables }
}

/**
 * @param {string} folder
 * @param {string} tag
 * @param {string} upstream
 * @param {string[]} matches
 * @returns {Recipe}
 */
function layer(folder, tag, upstream, matches) {
  return { image: `orrery/${folder}:${tag}`, folder, upstream, matches, from: 'base' }
}

/** @param {Recipe} recipe */
export function recipeFolder(recipe) {
  return fileURLToPath(new URL(`../images/${recipe.folder}/`, import.meta.url))
}

/**
 * Of everything that decides what is in the image: its files, its variables, and what it builds on.
 * @param {Recipe} recipe
 * @returns {string}
 */
export function recipeHash(recipe) {
  const hash = createHash('sha256').update(JSON.stringify([recipe.image, recipe.variables ?? {}]))
  const folder = recipeFolder(recipe)
  for (const file of readdirSync(folder).sort()) hash.update(`\0${file}\0`).update(readFileSync(join(folder, file)))
  if (recipe.from) hash.update(recipeHash(findRecipe(recipe.from)))
  return hash.digest('hex').slice(0, 16)
}

/** @param {string} name */
export function findRecipe(name) {
  const recipe = recipes[name]
  if (!recipe) throw new Error(`No recipe for an image named ${name}; there are ${Object.keys(recipes).join(', ')}.`)
  return recipe
}

/** @param {Recipe} recipe */
export function isArchive(recipe) {
  return existsSync(join(recipeFolder(recipe), 'make'))
}

/**
 * Which local image stands for which name in a configuration, for machines without a registry. The first match wins,
 * so the special rows come first.
 * @returns {{ match: string, image: string }[]}
 */
export function imageMap() {
  return Object.values(recipes).flatMap(({ matches, image }) => matches.map((match) => ({ match, image })))
}
