import { OrreryError } from '@orrery/protocol/errors'
import type { Command } from '../flags.ts'
import { readInput } from '../read-input.ts'
import { runCommand } from '../run-command.ts'
import { debugOf, warn } from '../say.ts'
import { loadEarlier } from '../tests/earlier.ts'
import { onlyFailed } from '../tests/failed.ts'
import { namesIn, splitNames } from '../tests/split.ts'
import { type SplitOptions, splitFlags, splitOptions } from '../tests/split-options.ts'

/**
 * Runs a command with this node's share of the names on its stdin, blanks between them (spec: execution.md 15.4). In a
 * rerun of failed tests only names with a failed test are dealt. Without names for this node the command does not run.
 */
export const testsRun: Command = {
  synopsis: {
    name: 'tests run',
    positionals: { show: '', least: 0, most: 0 },
    about: "Runs a command with this node's part of the names from stdin on its own stdin, separated by blanks.",
    flags: {
      command: { type: 'string', value: 'COMMAND', help: 'what runs the tests, for example "xargs npm test --"' },
      ...splitFlags,
    },
  },
  async run(parsed) {
    const command = parsed.text('command')
    if (command === undefined || command.trim() === '') {
      throw new OrreryError('ORY_HELPER_USAGE', ['circleci tests run: the flag --command is missing'])
    }
    const options = splitOptions(parsed)
    const names = namesIn(await readInput())
    if (names.length === 0) warn('No test names found in input source')
    const mine = await namesOfNode(names, options)
    if (mine.length === 0) {
      warn('No tests for this node: the command is not run')
      return 0
    }
    // No line end: for `xargs -d" "` it would belong to the last name.
    const { exitCode } = await runCommand(command, { input: mine.join(' ') })
    return exitCode
  },
}

async function namesOfNode(names: readonly string[], options: SplitOptions): Promise<string[]> {
  const earlier = await loadEarlier()
  let wanted = names
  if (earlier.rerunFailedOf !== undefined) {
    const { names: failed, failedTests, allTests } = onlyFailed(names, earlier, options.timingsType)
    debugOf(options.verbose)(`Received failed tests from workflow ${earlier.rerunFailedOf}`)
    warn(`${failedTests} test(s) failed out of ${allTests} total test(s). Rerunning ${failed.length} test file(s)`)
    if (failed.length === 0) warn('Warning: none of the tests that failed is among the names of the input')
    wanted = failed
  }
  return wanted.length === 0 ? [] : await splitNames(wanted, options, async () => earlier.tests)
}
