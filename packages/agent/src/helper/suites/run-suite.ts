import { OrreryError } from '@orrery/protocol/errors'
import { runCommand } from '../run-command.ts'
import { warn } from '../say.ts'
import { secondsOf } from '../tests/duration.ts'
import { atomsIn, batchCommand } from './commands.ts'
import { suitesFile } from './load.ts'
import { failedAtoms, SuiteReport } from './report.ts'
import type { TestSuite } from './schema.ts'

/** The atoms of the suite. Throws ORY_TEST_SUITES when `discover` fails. */
export async function discoverAtoms(suite: TestSuite): Promise<string[]> {
  const { exitCode, stdout } = await runCommand(suite.discover, { capture: true })
  if (exitCode === 0) return atomsIn(stdout)
  throw new OrreryError('ORY_TEST_SUITES', [suitesFile, `discover ended with exit code ${exitCode}`])
}

export interface BatchEnd {
  exitCode: number
  failed: string[]
  /** The command failed, and its report names no failed test: running it again would tell no more. */
  unexplained: boolean
}

export async function runBatch(suite: TestSuite, atoms: readonly string[], report: SuiteReport): Promise<BatchEnd> {
  const { line, input } = batchCommand(suite.run, atoms, report.path ?? '')
  const { exitCode } = await runCommand(line, { input })
  const failed = failedAtoms(atoms, await report.read())
  return { exitCode, failed, unexplained: exitCode !== 0 && failed.length === 0 }
}

/**
 * Runs this node's batches (spec: execution.md 16.3). A batch that failed does not keep the next from running. Answers 0
 * when in the end every atom passed, else the exit code of the first batch that failed.
 */
export async function runBatches(suite: TestSuite, batches: AsyncIterable<readonly string[]>): Promise<number> {
  await using report = await SuiteReport.open(suite)
  if (suite.options['max-auto-rerun'] > 0 && report.path === undefined) {
    warn('Warning: without outputs.junit or << outputs.junit >> nobody can tell which tests to run again')
  }
  let worst = 0
  let number = 0
  for await (const atoms of batches) {
    if (number > 0) await report.setAside(`batch-${number}`)
    number += 1
    const exitCode = await runAtoms(suite, atoms, report, number)
    worst = worst === 0 ? exitCode : worst
  }
  if (number === 0) warn('No tests for this node: nothing is run')
  return worst
}

/** One batch and, as long as the suite allows, those of its atoms that failed again (16.6); once, however short the time. */
async function runAtoms(
  suite: TestSuite,
  atoms: readonly string[],
  report: SuiteReport,
  number: number,
): Promise<number> {
  const most = suite.options['max-auto-rerun']
  const started = performance.now()
  let end = await runBatch(suite, atoms, report)
  const budget = rerunSeconds(suite, (performance.now() - started) / 1000)
  const rerunsFrom = performance.now()
  for (let attempt = 1; attempt <= most && end.failed.length > 0; attempt++) {
    if (attempt > 1 && (performance.now() - rerunsFrom) / 1000 >= budget) {
      warn(`The time for reruns (${suite.options['auto-rerun-duration']}) is used up`)
      break
    }
    warn(`Running ${end.failed.length} of ${atoms.length} test atoms again, attempt ${attempt} of ${most}`)
    await report.setAside(number > 1 ? `batch-${number}-attempt-${attempt}` : `attempt-${attempt}`)
    end = await runBatch(suite, end.failed, report)
  }
  if (end.unexplained) {
    warn(`The command failed with exit code ${end.exitCode}, and no report names a failed test`)
    return end.exitCode
  }
  if (end.failed.length === 0) return 0
  warn(`${end.failed.length} of ${atoms.length} test atoms failed`)
  return end.exitCode || 1
}

/** A part such as `20%` is one of the time that the first run took. */
function rerunSeconds(suite: TestSuite, firstRun: number): number {
  const text = suite.options['auto-rerun-duration']
  if (text === undefined) return Number.POSITIVE_INFINITY
  if (text.endsWith('%')) return (firstRun * Number(text.slice(0, -1))) / 100
  return secondsOf(text) ?? 0
}
