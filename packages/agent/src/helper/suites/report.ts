import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, parse } from 'node:path'
import type { TestResult } from '@orrery/protocol'
import { OrreryError } from '@orrery/protocol/errors'
import { readReport } from '../../reports/index.ts'
import { scratchFolder } from '../scratch.ts'
import { normalPath } from '../tests/earlier.ts'
import { usesReport } from './commands.ts'
import { suitesFile } from './load.ts'
import type { TestSuite } from './schema.ts'

/** Where a suite's command writes its JUnit report, and what came of it. */
export class SuiteReport implements AsyncDisposable {
  /** Undefined when the suite makes none: then only the exit code speaks. */
  readonly path: string | undefined
  readonly #temporary: string | undefined

  private constructor(path: string | undefined, temporary: string | undefined) {
    this.path = path
    this.#temporary = temporary
  }

  /** Where no path is given but the placeholder is used, a file of our own (spec: execution.md 16.1). */
  static async open(suite: TestSuite): Promise<SuiteReport> {
    const { junit } = suite.outputs
    if (junit === undefined) {
      if (!usesReport(suite.run)) return new SuiteReport(undefined, undefined)
      const folder = await scratchFolder('suite-')
      return new SuiteReport(join(folder, 'junit.xml'), folder)
    }
    const found = await stat(junit).catch(() => undefined)
    if (found?.isDirectory()) {
      throw new OrreryError('ORY_TEST_SUITES', [suitesFile, `outputs.junit is ${junit}, which is a directory`])
    }
    // What an earlier run left is no evidence for this one.
    await rm(junit, { force: true })
    await mkdir(dirname(junit), { recursive: true })
    return new SuiteReport(junit, undefined)
  }

  /** The results of the last batch; none when there is no report. A broken report throws nothing: what was read counts. */
  async read(): Promise<TestResult[]> {
    const tests: TestResult[] = []
    if (this.path === undefined) return tests
    await readReport(this.path, (test) => tests.push(test))
    return tests
  }

  /**
   * Keeps the report beside the next one, with `label` in its name, so that `store_test_results` finds all of them. A
   * file of our own is no evidence for the next batch and goes away.
   */
  async setAside(label: string): Promise<void> {
    if (this.path === undefined) return
    if (this.#temporary !== undefined) return await rm(this.path, { force: true })
    const { dir, name, ext } = parse(this.path)
    await rename(this.path, join(dir, `${name}-${label}${ext}`)).catch(() => undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#temporary !== undefined) await rm(this.#temporary, { recursive: true, force: true })
  }
}

/**
 * The atoms of the batch that hold failed tests: by file, class or name. All of them when a failed test fits none; the
 * failure must not get lost.
 */
export function failedAtoms(atoms: readonly string[], tests: readonly TestResult[]): string[] {
  const byKey = new Map(atoms.flatMap((atom) => [atom, normalPath(atom)].map((key): [string, string] => [key, atom])))
  const failed = new Set<string>()
  for (const test of tests) {
    if (test.result !== 'failure' && test.result !== 'error') continue
    const keys = [test.file === undefined ? '' : normalPath(test.file), test.classname, test.name]
    const atom = keys.map((key) => byKey.get(key)).find((found) => found !== undefined)
    if (atom === undefined) return [...atoms]
    failed.add(atom)
  }
  return atoms.filter((atom) => failed.has(atom))
}
