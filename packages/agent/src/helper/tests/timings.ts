import type { Weighted } from '../share.ts'
import { type EarlierTest, normalPath } from './earlier.ts'

/** What the names of the input are (spec: execution.md 15.5). */
export type NameKind = 'filename' | 'classname' | 'testname'
export type TimingsType = NameKind | 'autodetect'

/** Notations that people know from different pages of the format's manual. */
const timingsTypes = new Map<string, TimingsType>([
  ['filename', 'filename'],
  ['file', 'filename'],
  ['classname', 'classname'],
  ['testname', 'testname'],
  ['name', 'testname'],
  ['autodetect', 'autodetect'],
])

export function timingsTypeOf(text: string): TimingsType | undefined {
  return timingsTypes.get(text)
}

/** The part of an earlier test that a name of this kind is compared with. */
export function keyOf(test: EarlierTest, kind: NameKind): string | undefined {
  if (kind === 'filename') return test.file
  return kind === 'classname' ? test.classname : test.name || undefined
}

/** The same for a name of the input. */
export function inputKey(name: string, kind: NameKind): string {
  return kind === 'filename' ? normalPath(name) : name
}

export type TimedNames =
  | { ok: true; kind: NameKind; items: Weighted[]; unknown: string[] }
  /** Nothing is known, or nothing that is known fits a name. */
  | { ok: false; reason: string }

/**
 * Names with the seconds of all their test cases together. `defaultSeconds` is for those that were never seen. The
 * sentences of a refusal are known to scripts that read the log.
 */
export function timeNames(
  names: readonly string[],
  tests: readonly EarlierTest[],
  options: { type: TimingsType; defaultSeconds: number },
): TimedNames {
  if (tests.length === 0) {
    const reason = 'Requested weighting by historical based timing, but they are not present.'
    return { ok: false, reason: `${reason} Falling back to weighting by name.` }
  }
  const kinds: NameKind[] = options.type === 'autodetect' ? ['filename', 'classname'] : [options.type]
  const attempts = kinds.map((kind) => timeAs(names, tests, kind, options.defaultSeconds))
  const [best] = attempts.toSorted((a, b) => a.unknown.length - b.unknown.length)
  if (best === undefined || (options.type === 'autodetect' && best.unknown.length === names.length)) {
    return { ok: false, reason: 'Error auto-detecting timing type, falling back to weighting by name.' }
  }
  return { ok: true, ...best }
}

function timeAs(names: readonly string[], tests: readonly EarlierTest[], kind: NameKind, defaultSeconds: number) {
  const seconds = new Map<string, number>()
  for (const test of tests) {
    const key = keyOf(test, kind)
    if (key !== undefined) seconds.set(key, (seconds.get(key) ?? 0) + test.seconds)
  }
  const unknown: string[] = []
  const items = names.map((name): Weighted => {
    const found = seconds.get(inputKey(name, kind))
    if (found === undefined) unknown.push(name)
    return { name, weight: found ?? defaultSeconds }
  })
  return { kind, items, unknown }
}
