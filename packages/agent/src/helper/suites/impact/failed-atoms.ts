import { type ImpactAnswer, mostFailedTests } from '@orrery/protocol'
import type { Earlier, EarlierTest } from '../../tests/earlier.ts'
import { normalPath } from '../../tests/earlier.ts'
import { onlyFailed } from '../../tests/failed.ts'

/**
 * The atoms that hold a test which failed lately on this branch. A job may run several suites, so a failed test that
 * fits no atom is another suite's, as long as any of the job's results fits one; else the names tell nothing, and the
 * answer is a sentence: all atoms have to run.
 */
export function failedBefore(
  atoms: readonly string[],
  failed: ImpactAnswer['failed'],
  earlier: Earlier,
): ReadonlySet<string> | string {
  if (failed.length === 0) return new Set()
  if (failed.length >= mostFailedTests) return 'too many tests failed in the previous run on this branch'
  const tests = failed.map(
    ({ file, classname, name }): EarlierTest => ({
      file: file === null ? undefined : normalPath(file),
      classname: classname || undefined,
      name,
      seconds: 0,
      failed: true,
    }),
  )
  const fitting = (list: readonly EarlierTest[]) =>
    onlyFailed(
      atoms,
      { tests: list.map((test) => ({ ...test, failed: true })), rerunFailedOf: undefined },
      'autodetect',
    )
  const found = fitting(tests).names
  const nameless = tests.some((test) => test.file === undefined && test.classname === undefined)
  if (nameless || (found.length === 0 && fitting(earlier.tests).names.length === 0)) {
    return 'tests failed in the previous run on this branch, and their names fit no test atom'
  }
  return new Set(found)
}
