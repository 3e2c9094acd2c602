// `npm run bench [-- --json] [NAME…]`: how fast it is here, held against the engine itself. Prepares the machine as the
// tests do, then measures. What it prepares is told on stderr: stdout holds figures alone.
import { parseArgs } from 'node:util'
import { findProgram, runInForeground } from './lib/command.mjs'
import { installDependencies, productEnvironment, productNode, root } from './lib/install.mjs'
import { stopOwnEngine } from './lib/own-engine.mjs'
import { ensurePackages } from './lib/packages.mjs'
import { buildPrograms, engineDirectory, prepareEngine } from './lib/prepare.mjs'
import { createProgress, runMain, SetupError } from './lib/progress.mjs'

const help = `npm run bench [-- OPTIONS] [NAME…]

Names: start steps logs parallel cache config hostile; all of them when there is none.
  --json       a JSON document a line
  --rounds N   how often each is measured (10)

Example: npm run bench -- --json --rounds 5 start steps
docs/performance.md says what the figures mean and what they were.`

const names = ['start', 'steps', 'logs', 'parallel', 'cache', 'config', 'hostile']

await runMain(async () => {
  const args = process.argv.slice(2)
  if (isHelp(args)) {
    console.log(help)
    return 0
  }
  const progress = createProgress((line) => console.error(line))
  const missing = findProgram('git') ? [] : ['git']
  // The archives' measure.
  if (!findProgram('zstd')) missing.push('zstd')
  await ensurePackages(missing, progress)
  const [engine] = await Promise.all([prepareEngine(progress, ['base']), installDependencies(progress, { dev: true })])
  try {
    if (!findProgram('docker')) throw new SetupError('The measure is the program `docker`, and it is not here.')
    await buildPrograms({ quiet: true })
    const environment = productEnvironment({ DOCKER_HOST: engine.dockerHost })
    return await runInForeground(productNode(), [`${root}bench/src/main.ts`, ...args], environment)
  } finally {
    if (process.env.CI === 'true' && engine.started) await stopOwnEngine(engineDirectory)
  }
})

/**
 * @param {string[]} args
 * @returns {boolean}
 * @throws {SetupError} for what it does not know, before anything is prepared
 */
function isHelp(args) {
  const options = /** @type {const} */ ({
    json: { type: 'boolean' },
    rounds: { type: 'string' },
    only: { type: 'string', multiple: true },
    help: { type: 'boolean', short: 'h' },
  })
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
    const unknown = [...positionals, ...(values.only ?? [])].find((name) => !names.includes(name))
    if (unknown !== undefined) throw new Error(`There is no measure "${unknown}".`)
    if (values.rounds !== undefined && !/^[1-9]\d*$/.test(values.rounds)) throw new Error('--rounds takes a number.')
    return values.help === true
  } catch (error) {
    throw new SetupError(`${error instanceof Error ? error.message : error}\n\n${help}`)
  }
}
