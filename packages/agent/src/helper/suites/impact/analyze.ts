import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestResult } from '@orrery/protocol'
import { readReport } from '../../../reports/index.ts'
import { runCommand } from '../../run-command.ts'
import { warn } from '../../say.ts'
import { scratchFolder } from '../../scratch.ts'
import { fillCommand } from '../commands.ts'
import { failedAtoms } from '../report.ts'
import type { TestSuite } from '../schema.ts'
import type { Checkout, TouchedFile } from './checkout.ts'
import { type CoverageOutput, coverageOutputOf, filesInCoverage, readCircleciCoverage } from './coverage-output.ts'
import { testFiles } from './file-mapper.ts'

/** Files by the atom that used them. What is not in it was not found out. */
export type Analyzed = Map<string, TouchedFile[]>

/** Why an analysis cannot be had, in words. */
export class AnalysisError extends Error {}

/**
 * Finds out which files the atoms use, by the suite's `analysis` command (spec: execution.md 16.1): atom by atom until
 * `test-analysis-duration` is over, or all in one pass. Nothing is said about an atom whose tests fail: it may have
 * stopped before it touched everything. `now` counts milliseconds. Throws AnalysisError when the suite cannot be analyzed at all.
 */
export async function analyzeAtoms(
  suite: TestSuite,
  atoms: readonly string[],
  checkout: Checkout,
  now: () => number = () => performance.now(),
): Promise<Analyzed> {
  const output = suite.analysis === undefined ? undefined : coverageOutputOf(suite.analysis)
  if (suite.analysis === undefined || output === undefined) {
    throw new AnalysisError(
      'the suite needs an analysis command with << outputs.lcov >>, << outputs.go-coverage >> or << outputs.circleci-coverage >>',
    )
  }
  const folder = await scratchFolder('analysis-')
  try {
    const run = new AnalysisRun(suite.analysis, output, folder)
    const tests = await testFiles(suite['file-mapper'], atoms, checkout)
    const used =
      output === 'outputs.circleci-coverage'
        ? await singlePass(run, atoms, checkout)
        : await oneByOne(run, output, atoms, { checkout, now, minutes: suite.options['test-analysis-duration'] })
    const analyzed: Analyzed = new Map()
    for (const [atom, paths] of used) analyzed.set(atom, touched([...paths, ...(tests.get(atom) ?? [])], checkout))
    return analyzed
  } catch (error) {
    throw new AnalysisError(error instanceof Error ? error.message : String(error), { cause: error })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The command with its files, which are new for each call. */
class AnalysisRun {
  readonly #command: string
  readonly #output: CoverageOutput
  readonly #folder: string

  constructor(command: string, output: CoverageOutput, folder: string) {
    this.#command = command
    this.#output = output
    this.#folder = folder
  }

  get coverage(): string {
    return join(this.#folder, 'coverage')
  }

  get #junit(): string {
    return join(this.#folder, 'junit.xml')
  }

  async start(atoms: readonly string[]): Promise<number> {
    await Promise.all([this.coverage, this.#junit].map((path) => rm(path, { force: true })))
    const outputs = { [this.#output]: this.coverage, 'outputs.junit': this.#junit }
    const { line, input } = fillCommand(this.#command, atoms, outputs)
    return (await runCommand(line, { input })).exitCode
  }

  async failed(atoms: readonly string[]): Promise<string[]> {
    const tests: TestResult[] = []
    await readReport(this.#junit, (test) => tests.push(test))
    return failedAtoms(atoms, tests)
  }
}

async function oneByOne(
  run: AnalysisRun,
  output: Exclude<CoverageOutput, 'outputs.circleci-coverage'>,
  atoms: readonly string[],
  { checkout, now, minutes }: { checkout: Checkout; now: () => number; minutes: number | undefined },
): Promise<Map<string, string[]>> {
  const used = new Map<string, string[]>()
  const started = now()
  for (const [index, atom] of atoms.entries()) {
    if (minutes !== undefined && index > 0 && now() - started >= minutes * 60_000) {
      warn(
        `The time for analysis (${minutes} min) is used up; ${atoms.length - index} test atoms wait for the next run`,
      )
      break
    }
    const exitCode = await run.start([atom])
    if (exitCode !== 0) {
      warn(`Warning: the analysis of ${JSON.stringify(atom)} ended with exit code ${exitCode}; nothing is kept of it`)
      continue
    }
    try {
      used.set(atom, await filesInCoverage(output, run.coverage, checkout))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      warn(`Warning: the analysis of ${JSON.stringify(atom)} tells nothing: ${reason}`)
    }
  }
  return used
}

async function singlePass(
  run: AnalysisRun,
  atoms: readonly string[],
  checkout: Checkout,
): Promise<Map<string, string[]>> {
  const exitCode = await run.start(atoms)
  const failed = new Set(await run.failed(atoms))
  if (exitCode !== 0 && failed.size === 0) {
    throw new Error(`it ended with exit code ${exitCode}, and no report in << outputs.junit >> tells what failed`)
  }
  const { files, strangers, outside } = await readCircleciCoverage(run.coverage, atoms, checkout)
  if (strangers > 0) warn(`Warning: the coverage names ${strangers} tests that are no test atoms of this node`)
  if (outside > 0) warn(`Warning: the coverage names ${outside} files that are not in the checkout`)
  for (const atom of failed) files.delete(atom)
  if (failed.size > 0) warn(`Warning: ${failed.size} test atoms failed during analysis; nothing is kept of them`)
  return files
}

function touched(paths: readonly string[], checkout: Checkout): TouchedFile[] {
  const hashes = checkout.hashAll(paths)
  return [...hashes].flatMap(([path, hash]) => (hash === undefined ? [] : [{ path, hash }]))
}
