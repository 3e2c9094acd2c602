// `npm test [-- FILE…]`: everything, with real services. Prepares the machine, builds, runs the tests; the last line
// says how many passed, failed and were skipped.
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram, runInForeground } from './lib/command.mjs'
import { installDependencies, productEnvironment, productNode, root } from './lib/install.mjs'
import { stopOwnEngine } from './lib/own-engine.mjs'
import { ensurePackages } from './lib/packages.mjs'
import { buildPrograms, engineDirectory, prepareEngine } from './lib/prepare.mjs'
import { createProgress, runMain, SetupError } from './lib/progress.mjs'
import { countResults, readReport } from './lib/test-results.mjs'

const testImages = [
  ...['base', 'busybox', 'node:20', 'redis:7', 'remote-docker'],
  ...['test-debian', 'test-busybox', 'test-dash', 'test-odd', 'test-sshd', 'test-compose'],
]
const browsers = ['chromium', 'chromium-browser', 'google-chrome']
const results = join(root, 'node_modules/.cache/test-results')

await runMain(async () => {
  const { passed, failed, skipped } = await prepareAndTest().catch((error) => {
    console.error(error instanceof SetupError ? `\n${error.message}` : error)
    return countResults(undefined, 1)
  })
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
  return failed > 0 ? 1 : 0
})

async function prepareAndTest() {
  const progress = createProgress()
  const [engine] = await Promise.all([prepareMachine(progress), installDependencies(progress, { dev: true })])
  try {
    await buildPrograms()
    return await runTests(engine.dockerHost)
  } finally {
    // On a machine of its own nothing shall stay; on a developer's the next run is faster with it.
    if (process.env.CI === 'true' && engine.started) await stopOwnEngine(engineDirectory)
  }
}

/**
 * Debian packages, the engine and the images that tests need.
 * @param {import('./lib/progress.mjs').Progress} progress
 */
async function prepareMachine(progress) {
  const missing = findProgram('git') ? [] : ['git']
  if (!findProgram('ssh')) missing.push('openssh-client')
  if (!browsers.some(findProgram)) missing.push('chromium')
  // Checkouts over SSH talk to a real one.
  if (!existsSync('/usr/sbin/sshd')) missing.push('openssh-server')
  // The other engine that people have.
  if (!findProgram('podman')) missing.push('podman', 'netavark', 'aardvark-dns', 'catatonit')
  await ensurePackages(missing, progress)
  return prepareEngine(progress, testImages)
}

/**
 * @param {string} dockerHost
 * @returns {Promise<import('./lib/test-results.mjs').Counts>}
 */
async function runTests(dockerHost) {
  const report = join(results, 'tests.json')
  mkdirSync(results, { recursive: true })
  rmSync(report, { force: true })
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const args = [vitest, 'run', '--root', root, ...process.argv.slice(2), ...reporters]
  const code = await runInForeground(productNode(), args, productEnvironment({ DOCKER_HOST: dockerHost }))
  return countResults(readReport(report), code)
}
