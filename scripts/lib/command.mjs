import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { SetupError } from './progress.mjs'

/** Where administrators' programs are, also for users whose PATH lacks them. */
const systemFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/**
 * Path of a program, or undefined.
 * @param {string} name
 * @returns {string | undefined}
 */
export function findProgram(name) {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), ...systemFolders]) {
    const path = join(folder || '.', name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not here: look in the next folder.
    }
  }
  return undefined
}

/**
 * Runs a program to its end and answers its output; a failure shows the last lines of what it printed.
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, allowFailure?: boolean }} [options]
 * @returns {Promise<{ code: number, output: string }>} output = stdout and stderr as they came
 */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    /** @type {Buffer[]} */
    const chunks = []
    child.stdout.on('data', (chunk) => chunks.push(chunk))
    child.stderr.on('data', (chunk) => chunks.push(chunk))
    child.on('error', (error) => reject(new SetupError(`${program} could not be started: ${error.message}`)))
    child.on('close', (code) => {
      const output = Buffer.concat(chunks).toString('utf8')
      if (code === 0 || options.allowFailure) return resolve({ code: code ?? 1, output })
      reject(new SetupError(`${program} ${args.slice(0, 3).join(' ')} … ended with ${code}:\n${lastLines(output, 20)}`))
    })
  })
}

/**
 * Runs a program with this terminal as its own; answers its exit code.
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<number>}
 */
export function runInForeground(program, args, env = process.env) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: 'inherit' })
    // The terminal sends an interrupt to both of us; the child decides when it is over.
    const forward = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal)
    const ignore = () => {}
    process.on('SIGINT', ignore)
    process.on('SIGTERM', forward)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      process.off('SIGINT', ignore)
      process.off('SIGTERM', forward)
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143))
    })
  })
}

/**
 * @param {string} text
 * @param {number} count
 */
export function lastLines(text, count) {
  return text.trimEnd().split('\n').slice(-count).join('\n')
}
