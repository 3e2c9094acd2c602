import { OrreryError } from '@orrery/protocol/errors'
import type { Command, Parsed } from '../flags.ts'
import { debugOf, warn } from '../say.ts'
import { batchesOf } from '../suites/batches.ts'
import { type Extent, type Extents, Impact, tellSelection } from '../suites/impact/impact.ts'
import { loadSuite, suitesFile } from '../suites/load.ts'
import { discoverAtoms, runBatches } from '../suites/run-suite.ts'
import type { TestSuite } from '../suites/schema.ts'
import { type Earlier, loadEarlier } from '../tests/earlier.ts'
import { onlyFailed } from '../tests/failed.ts'
import { type SplitOptions, splitOptions } from '../tests/split-options.ts'

/** Runs this node's part of a suite (spec: execution.md 16): discover, select, split by timings, run, run again, analyze. */
export const testsuiteRun: Command = {
  synopsis: {
    name: 'testsuite run',
    positionals: { show: '"NAME"', least: 1, most: 1 },
    about:
      "Runs this node's part of the suite NAME of .circleci/test-suites.yml. With test-impact-analysis the default branch runs\nall tests and analyzes those whose data is old; other branches run only the tests that a change can affect.",
    flags: {
      'run-tests': { type: 'string', value: 'impacted|none|all', help: 'which tests run' },
      'analyze-tests': { type: 'string', value: 'impacted|none|all', help: 'of which tests the files are found out' },
    },
  },
  async run(parsed) {
    const asked = { run: choice(parsed, 'run-tests'), analyze: choice(parsed, 'analyze-tests') }
    const suite = await loadSuite(parsed.positionals[0] ?? '')
    const impact = await Impact.open(suite)
    const earlier = await loadEarlier()
    const extent = extentsOf(suite, impact, earlier, asked)
    if (extent.run === 'none' && extent.analyze === 'none') {
      warn('--run-tests=none: no test is run')
      return 0
    }
    const atoms = await discoverAtoms(suite)
    if (atoms.length === 0) {
      warn('discover found no tests')
      return 0
    }
    const options: SplitOptions = { ...splitOptions(parsed), by: 'timings' }
    // What neither selects nor analyzes has nothing that the nodes need to agree on.
    if (impact === undefined || (extent.run === 'all' && extent.analyze === 'none')) {
      return await runAtoms(suite, wantedAtoms(atoms, earlier, options), options, earlier)
    }

    if (extent.run === 'impacted') warn('Selecting tests...')
    const selection = await impact.select(atoms, extent, earlier)
    if (extent.run !== 'none' && earlier.rerunFailedOf === undefined) tellSelection(selection)
    const selected = wantedAtoms(
      selection.selected.map(({ atom }) => atom),
      earlier,
      options,
    )
    const exitCode = extent.run === 'none' ? 0 : await runAtoms(suite, selected, options, earlier)
    if (extent.analyze === 'none') return exitCode
    const isAnalyzed = await impact.analyze(atoms, selection.stale, options, earlier)
    // Where tests run, they decide; an analysis alone has to tell that it came to nothing.
    return extent.run === 'none' && !isAnalyzed ? 1 : exitCode
  },
}

async function runAtoms(suite: TestSuite, atoms: readonly string[], options: SplitOptions, earlier: Earlier) {
  return await runBatches(suite, batchesOf(suite, atoms, options, earlier))
}

interface Asked {
  run: Extent | undefined
  analyze: Extent | undefined
}

function choice(parsed: Parsed, flag: string): Extent | undefined {
  const value = parsed.text(flag)
  if (value === undefined || value === 'impacted' || value === 'none' || value === 'all') return value
  throw new OrreryError('ORY_HELPER_USAGE', [
    `--${flag} is ${JSON.stringify(value)}, but must be impacted, none or all`,
  ])
}

/** The defaults of execution.md 16.2; a tag is released, so it runs all. */
const defaults: Record<Impact['builds'], Extents> = {
  'default-branch': { run: 'all', analyze: 'impacted' },
  branch: { run: 'impacted', analyze: 'none' },
  tag: { run: 'all', analyze: 'none' },
}

/**
 * What to run and to analyze. In a rerun of failed tests those alone decide. Without impact data everything runs, and
 * there is nowhere to keep an analysis.
 */
function extentsOf(suite: TestSuite, impact: Impact | undefined, earlier: Earlier, asked: Asked): Extents {
  if (impact !== undefined) {
    const { run, analyze } = {
      run: asked.run ?? defaults[impact.builds].run,
      analyze: asked.analyze ?? defaults[impact.builds].analyze,
    }
    return { run: earlier.rerunFailedOf !== undefined && run === 'impacted' ? 'all' : run, analyze }
  }
  const isOn = suite.options['test-impact-analysis']
  if (asked.analyze !== undefined && asked.analyze !== 'none') {
    if (isOn) throw new OrreryError('ORY_OUTSIDE_JOB', ['there is nowhere to keep impact data'])
    const reason = `--analyze-tests=${asked.analyze} needs options.test-impact-analysis of the suite`
    throw new OrreryError('ORY_TEST_SUITES', [suitesFile, reason])
  }
  if (asked.run !== 'none' && (isOn || asked.run === 'impacted')) {
    warn(`Warning: there is no impact data ${isOn ? 'outside a job' : 'of this suite'}, all tests are selected`)
  }
  return { run: asked.run === 'none' ? 'none' : 'all', analyze: 'none' }
}

function wantedAtoms(atoms: readonly string[], earlier: Earlier, options: SplitOptions): readonly string[] {
  if (earlier.rerunFailedOf === undefined) return atoms
  const { names, failedTests, allTests } = onlyFailed(atoms, earlier, options.timingsType)
  debugOf(options.verbose)(`Received failed tests from workflow ${earlier.rerunFailedOf}`)
  warn(`${failedTests} test(s) failed out of ${allTests} total test(s). Rerunning ${names.length} test atom(s)`)
  return names
}
