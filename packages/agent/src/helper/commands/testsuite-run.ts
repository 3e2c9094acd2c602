import { OrreryError } from '@orrery/protocol/errors'
import type { Command, Parsed } from '../flags.ts'
import { debugOf, warn } from '../say.ts'
import { batchesOf } from '../suites/batches.ts'
import { loadSuite } from '../suites/load.ts'
import { discoverAtoms, runBatches } from '../suites/run-suite.ts'
import type { TestSuite } from '../suites/schema.ts'
import { type Earlier, loadEarlier } from '../tests/earlier.ts'
import { onlyFailed } from '../tests/failed.ts'
import { type SplitOptions, splitOptions } from '../tests/split-options.ts'

/** Runs this node's part of a suite (spec: execution.md 16): discover, select, split by timings, run, run again. */
export const testsuiteRun: Command = {
  synopsis: {
    name: 'testsuite run',
    positionals: { show: '"NAME"', least: 1, most: 1 },
    about: "Runs this node's part of the suite NAME of .circleci/test-suites.yml.",
    flags: {
      'run-tests': { type: 'string', value: 'impacted|none|all', help: 'which tests run; impacted means all for now' },
      'analyze-tests': { type: 'string', value: 'impacted|none|all', help: 'only none is offered yet' },
    },
  },
  async run(parsed) {
    const runTests = choice(parsed, 'run-tests')
    const analyze = choice(parsed, 'analyze-tests')
    if (analyze !== undefined && analyze !== 'none') {
      throw new OrreryError('ORY_NOT_YET', [`circleci testsuite run --analyze-tests=${analyze}`])
    }
    const suite = await loadSuite(parsed.positionals[0] ?? '')
    tellWhatIsMissing(suite)
    if (runTests === 'none') {
      warn('--run-tests=none: no test is run')
      return 0
    }
    const atoms = await discoverAtoms(suite)
    if (atoms.length === 0) {
      warn('discover found no tests')
      return 0
    }
    const options: SplitOptions = { ...splitOptions(parsed), by: 'timings' }
    const earlier = await loadEarlier()
    return await runBatches(suite, batchesOf(suite, wantedAtoms(atoms, earlier, options), options, earlier))
  },
}

function choice(parsed: Parsed, flag: string): string | undefined {
  const value = parsed.text(flag)
  if (value === undefined || ['impacted', 'none', 'all'].includes(value)) return value
  throw new OrreryError('ORY_HELPER_USAGE', [
    `--${flag} is ${JSON.stringify(value)}, but must be impacted, none or all`,
  ])
}

/** Without it a run is longer, not different: every test still runs exactly once. */
function tellWhatIsMissing({ options }: TestSuite): void {
  if (!options['test-impact-analysis']) return
  warn(
    'Warning: test-impact-analysis is not offered yet (ORY_NOT_YET): there is no impact data, all tests are selected',
  )
}

function wantedAtoms(atoms: readonly string[], earlier: Earlier, options: SplitOptions): readonly string[] {
  if (earlier.rerunFailedOf === undefined) return atoms
  const { names, failedTests, allTests } = onlyFailed(atoms, earlier, options.timingsType)
  debugOf(options.verbose)(`Received failed tests from workflow ${earlier.rerunFailedOf}`)
  warn(`${failedTests} test(s) failed out of ${allTests} total test(s). Rerunning ${names.length} test atom(s)`)
  return names
}
