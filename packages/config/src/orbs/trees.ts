import type { Collector } from '../report/collector.ts'
import type { Unit } from '../scope/types.ts'
import type { YMap } from '../yaml/nodes.ts'
import { parseYaml } from '../yaml/parse.ts'
import { SourceText } from '../yaml/source.ts'

/** Characters of orb texts whose trees are kept; a tree takes some thirty times its text. */
const maxKept = 1_000_000

interface Kept {
  text: string
  root: YMap
}

/** Least recently used first. */
const kept = new Map<string, Kept>()
let size = 0

/**
 * The tree of an orb's text. Texts without a fault are parsed once for many compiles: an installation's configs use the
 * same few orbs, whose texts are longer than their own. Trees are never changed once they are made.
 */
export function orbTree(file: string, text: string, report: Collector): YMap | undefined {
  const known = kept.get(file)
  if (known) forget(file, known)
  if (known?.text === text) {
    keep(file, known)
    return known.root
  }
  const before = report.calls
  const root = parseYaml(new SourceText(file, text), report)
  if (root && report.calls === before && text.length <= maxKept) keep(file, { text, root })
  return root
}

function keep(file: string, one: Kept): void {
  kept.set(file, one)
  size += one.text.length
  for (const [oldest, { text }] of kept) {
    if (size <= maxKept) return
    kept.delete(oldest)
    size -= text.length
  }
}

function forget(file: string, { text }: Kept): void {
  kept.delete(file)
  size -= text.length
}

/** By the root of an orb's tree, then by the options of compiles as a text. */
type PerOptions<T> = WeakMap<YMap, Map<string, T>>

const faultless: PerOptions<true> = new WeakMap()
const scopes: PerOptions<Unit> = new WeakMap()

function remember<T>(all: PerOptions<T>, root: YMap, options: string, value: T): void {
  const known = all.get(root)
  if (known) known.set(options, value)
  else all.set(root, new Map([[options, value]]))
}

/** Runs a check of an orb's tree, unless it found nothing to report in an earlier compile under the same options. */
export function checkedOnce(root: YMap, options: string, report: Collector, check: () => void): void {
  if (faultless.get(root)?.has(options)) return
  const before = report.calls
  check()
  if (report.calls === before) remember(faultless, root, options, true)
}

/** The scope of an orb that imports none, as an earlier compile under the same options made it without a finding. */
export function keptScope(root: YMap, options: string): Unit | undefined {
  return scopes.get(root)?.get(options)
}

/** Keeps a scope for later compiles: there must be nothing in it, and nothing to report of it, that could change. */
export function keepScope(root: YMap, options: string, unit: Unit): void {
  remember(scopes, root, options, unit)
}
