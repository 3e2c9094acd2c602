// `npm run check`: all that can be known without services. One line per check; output only of those that fail.
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { installDependencies, productEnvironment, root } from './lib/install.mjs'
import { createProgress, runMain, seconds } from './lib/progress.mjs'

const junit = join(root, 'node_modules/.cache/test-results/fast.xml')

/**
 * Long ones first, so that the short ones fill the gaps.
 * @type {[name: string, command: string[]][]}
 */
const checks = [
  ['types', ['tsc', '-p', 'tsconfig.json']],
  [
    'fast tests',
    ['vitest', 'run', '--project', 'fast', '--reporter=default', '--reporter=junit', `--outputFile.junit=${junit}`],
  ],
  ['import table', ['depcruise', '--config', '.dependency-cruiser.cjs', 'packages', 'e2e', 'bench']],
  ['unused code', ['knip']],
  ['format and lint', ['biome', 'check', '.']],
  ['lock file', ['node', 'scripts/check-lock.mjs']],
]

/** More side by side than this slows the fast tests down to their time limits on small machines. */
const atOnce = 2

await runMain(async () => {
  await installDependencies(createProgress(), { dev: true })
  mkdirSync(join(junit, '..'), { recursive: true })
  const waiting = [...checks]
  let failures = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let check = waiting.shift(); check; check = waiting.shift()) {
        if (!(await runCheck(...check))) failures++
      }
    }),
  )
  return failures > 0 ? 1 : 0
})

/**
 * @param {string} name
 * @param {string[]} command
 * @returns {Promise<boolean>}
 */
function runCheck(name, [program = '', ...args]) {
  const started = performance.now()
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env: productEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] })
    /** @type {Buffer[]} */
    const output = []
    child.stdout.on('data', (chunk) => output.push(chunk))
    child.stderr.on('data', (chunk) => output.push(chunk))
    child.on('error', (error) => output.push(Buffer.from(`${program}: ${error.message}\n`)))
    child.on('close', (code) => {
      console.log(`${code === 0 ? '✓' : '✗'} ${name} ${seconds(started)}`)
      if (code !== 0) process.stdout.write(Buffer.concat(output))
      resolve(code === 0)
    })
  })
}
