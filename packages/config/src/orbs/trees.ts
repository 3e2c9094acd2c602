import type { CompileOptions } from '../compile-types.ts'
import type { Collector } from '../report/collector.ts'
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

const faultless = new WeakMap<YMap, Set<string>>()

/** Runs a check of an orb's tree, unless it found nothing to report in an earlier compile under the same options. */
export function checkedOnce(root: YMap, options: CompileOptions, report: Collector, check: () => void): void {
  const passed = faultless.get(root) ?? new Set()
  const key = JSON.stringify(options)
  if (passed.has(key)) return
  const before = report.calls
  check()
  if (report.calls === before) faultless.set(root, passed.add(key))
}
