import type { Command } from '../flags.ts'
import { AnalysisError, analyzeAtoms } from '../suites/impact/analyze.ts'
import { Checkout } from '../suites/impact/checkout.ts'
import { globsOf, watch } from '../suites/impact/watched.ts'
import { loadSuite } from '../suites/load.ts'
import { SuiteReport } from '../suites/report.ts'
import { discoverAtoms, runBatch } from '../suites/run-suite.ts'
import type { TestSuite } from '../suites/schema.ts'

/** Tries a suite with one of its tests and tells what to mend (spec: execution.md 16.2). */
export const testsuiteDoctor: Command = {
  synopsis: {
    name: 'testsuite doctor',
    positionals: { show: '"NAME"', least: 1, most: 1 },
    about:
      'Checks the suite NAME of .circleci/test-suites.yml: discovers its tests, runs the first, reads its report. With\ntest-impact-analysis it analyzes the first as well.',
    flags: {},
  },
  async run({ positionals }) {
    const suite = await loadSuite(positionals[0] ?? '')
    say('ok', `${JSON.stringify(suite.name)} is well-formed`)
    const atoms = await discoverAtoms(suite)
    const [first] = atoms
    if (first === undefined) {
      say('fix', 'discover printed nothing; it must print the tests, one on a line')
      return 1
    }
    say('ok', `discover finds ${atoms.length} tests, the first is ${JSON.stringify(first)}`)
    const isWell = await tryOne(suite, first)
    if (!suite.options['test-impact-analysis']) return isWell ? 0 : 1
    return (await tryAnalysis(suite, first)) && isWell ? 0 : 1
  },
}

async function tryOne(suite: TestSuite, atom: string): Promise<boolean> {
  await using report = await SuiteReport.open(suite)
  const end = await runBatch(suite, [atom], report)
  const tests = await report.read()
  say(end.exitCode === 0 ? 'ok' : 'fix', `run of ${JSON.stringify(atom)} ends with exit code ${end.exitCode}`)
  const hasReport = report.path !== undefined && tests.length > 0
  if (hasReport) say('ok', `the report names ${tests.length} tests`)
  else if (report.path === undefined) {
    say('fix', 'run makes no JUnit report: use << outputs.junit >>, or name its path in outputs.junit')
  } else say('fix', `no test results in ${report.path}; does run write its JUnit report there?`)
  return end.exitCode === 0 && hasReport
}

async function tryAnalysis(suite: TestSuite, atom: string): Promise<boolean> {
  const shown = JSON.stringify(atom)
  try {
    const checkout = await Checkout.open()
    await watch(globsOf(suite), checkout)
    const files = (await analyzeAtoms(suite, [atom], checkout)).get(atom)?.map(({ path }) => path) ?? []
    if (files.length === 0) say('fix', `analysis of ${shown} tells no file of the checkout that it used`)
    else say('ok', `analysis of ${shown} tells ${files.length} files, for example ${files.slice(0, 3).join(', ')}`)
    return files.length > 0
  } catch (error) {
    if (!(error instanceof AnalysisError)) throw error
    say('fix', `analysis of ${shown} is not possible: ${error.message}`)
    return false
  }
}

function say(mark: 'ok' | 'fix', sentence: string): void {
  process.stdout.write(`${mark.padEnd(5)}${sentence}\n`)
}
