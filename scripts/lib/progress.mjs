import { performance } from 'node:perf_hooks'

/**
 * @typedef {object} Progress
 * @property {<T>(title: string, work: () => Promise<T>, describe?: (result: T) => string) => Promise<T>} step
 *   Runs `work` and prints `✓ title: description (1.2 s)`; announces it before when it takes more than a second, and
 *   says every 15 seconds that it still goes on. A failure prints `✗ title` and goes to the caller.
 * @property {(text: string, started: number) => void} done Prints `✓ text (1.2 s)`; started = a `performance.now()`
 * @property {(text: string) => void} note One indented line of explanation.
 */

/**
 * Lines instead of a spinner: steps run side by side, and the same output must read well in a terminal and a log.
 * @param {(line: string) => void} [print]
 * @returns {Progress}
 */
export function createProgress(print = (line) => console.log(line)) {
  const colour = process.stdout.isTTY && !process.env.NO_COLOR
  const mark = (/** @type {string} */ sign, /** @type {number} */ code) =>
    colour ? `\u001b[${code}m${sign}\u001b[0m` : sign

  return {
    async step(title, work, describe) {
      const started = performance.now()
      const announce = setTimeout(() => print(`  ${title} …`), 1000)
      const remind = setInterval(() => print(`  ${title} … ${seconds(started)}`), 15_000)
      try {
        const result = await work()
        const description = describe?.(result)
        this.done(description ? `${title}: ${description}` : title, started)
        return result
      } catch (error) {
        print(`${mark('✗', 31)} ${title} (${seconds(started)})`)
        throw error
      } finally {
        clearTimeout(announce)
        clearInterval(remind)
      }
    },
    done: (text, started) => print(`${mark('✓', 32)} ${text} (${seconds(started)})`),
    note: (text) => print(`  ${text}`),
  }
}

/** @param {number} started a `performance.now()` */
export function seconds(started) {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`
}

/** A failure with a text for people: shown without a stack. */
export class SetupError extends Error {}

/**
 * Runs a script's main function; a `SetupError` becomes its text and exit code 1, anything else keeps its stack.
 * @param {() => Promise<number | undefined>} main answers the exit code
 */
export async function runMain(main) {
  try {
    process.exitCode = (await main()) ?? 0
  } catch (error) {
    console.error(error instanceof SetupError ? `\n${error.message}` : error)
    process.exitCode = 1
  }
}
