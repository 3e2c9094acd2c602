import type { Earlier } from './earlier.ts'
import { inputKey, keyOf, type NameKind, type TimingsType } from './timings.ts'

export interface FailedNames {
  names: string[]
  failedTests: number
  allTests: number
}

/**
 * The names of the input that hold a test which failed (spec: execution.md 15.6). Where the kind of the names was not
 * given, a name counts as soon as it fits as a file or as a class: a test that failed must not stay out because others
 * say more about themselves.
 */
export function onlyFailed(names: readonly string[], earlier: Earlier, type: TimingsType): FailedNames {
  const kinds: NameKind[] = type === 'autodetect' ? ['filename', 'classname'] : [type]
  const failed = earlier.tests.filter((test) => test.failed)
  const keys = kinds.map((kind) => ({ kind, known: new Set(failed.map((test) => keyOf(test, kind))) }))
  return {
    names: names.filter((name) => keys.some(({ kind, known }) => known.has(inputKey(name, kind)))),
    failedTests: failed.length,
    allTests: earlier.tests.length,
  }
}
