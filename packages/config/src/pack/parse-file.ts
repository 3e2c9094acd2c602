import type { Diagnostic } from '../diagnostics.ts'
import { Collector } from '../report/collector.ts'
import { startOf, type YMap, type YNode } from '../yaml/nodes.ts'
import { parseYaml } from '../yaml/parse.ts'
import { SourceText } from '../yaml/source.ts'
import type { SourceTree } from './source-tree.ts'

/** Gathers what packing finds. Each file has its own collector, because a fault in one ends the reading of that one only. */
export class PackReport {
  readonly #collectors: Collector[] = []

  collector(): Collector {
    const collector = new Collector()
    this.#collectors.push(collector)
    return collector
  }

  get hasErrors(): boolean {
    return this.#collectors.some((one) => one.hasErrors)
  }

  sorted(): Diagnostic[] {
    const all = this.#collectors.flatMap((one) => one.sorted())
    return all.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0))
  }
}

/** A YAML file of a tree, positioned; undefined when it cannot be used, which has then been reported. */
export function parseFile(tree: SourceTree, path: string, report: PackReport): YMap | undefined {
  const collector = report.collector()
  const file = tree.read(path) ?? { refused: 'it is gone' }
  if ('text' in file) return parseYaml(new SourceText(shownPath(tree, path), file.text), collector)
  collector.add('C434', wholeFile(tree, path), `${shownPath(tree, path)} cannot be packed: ${file.refused}`)
  return undefined
}

export function shownPath(tree: SourceTree, path: string): string {
  return tree.name === '' ? path : `${tree.name}/${path}`
}

/** A node for diagnostics about a file as a whole: line 1, column 1. */
export function wholeFile(tree: SourceTree, path: string): YNode {
  return startOf(new SourceText(shownPath(tree, path), ''))
}
