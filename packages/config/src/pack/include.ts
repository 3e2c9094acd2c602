import type { Collector } from '../report/collector.ts'
import { cut } from '../report/suggest.ts'
import { isString, makeMap, makeSeq, scalarAt, type YNode, type YPair, type YScalar } from '../yaml/nodes.ts'
import { shownPath } from './parse-file.ts'
import type { SourceTree } from './source-tree.ts'

const include = /<<\s*include\(([^()]*)\)\s*>>/g

/**
 * A node with `<< include(path) >>` replaced by the text of the file (orb-concepts, file include syntax): only as the
 * whole value, only files of the tree, never inside what was included. Everything keeps its place in the sources.
 */
export function inlined(node: YNode, tree: SourceTree, report: Collector): YNode {
  if (node.kind === 'seq') {
    return makeSeq(
      node,
      node.items.map((item) => inlined(item, tree, report)),
    )
  }
  if (node.kind === 'map') {
    const entries = new Map<string, YPair>()
    for (const [name, { key, value }] of node.entries) entries.set(name, { key, value: inlined(value, tree, report) })
    return makeMap(node, entries)
  }
  if (!isString(node) || !node.value.includes('<<')) return node
  const found = [...node.value.matchAll(include)]
  const only = found[0]
  if (!only) return node
  if (found.length > 1 || only[0] !== node.value.trim()) {
    const message = `\`include\` must be the whole value: '${cut(node.value)}'`
    report.add('C430', node, message, { hint: 'put everything into the included file' })
    return node
  }
  const text = includedText(only[1]?.trim() ?? '', node, tree, report)
  return text === undefined ? node : scalarAt(node, text)
}

function includedText(written: string, at: YScalar, tree: SourceTree, report: Collector): string | undefined {
  const path = normalised(written)
  if (path === undefined) {
    report.add('C432', at, `Included path ${cut(written)} is outside the packed folder`)
    return undefined
  }
  const file = tree.read(path)
  if (!file) {
    const hint = `paths are relative to ${tree.name || 'the packed folder'}`
    report.add('C431', at, `Could not open ${cut(shownPath(tree, path))} for inclusion`, { hint })
    return undefined
  }
  if ('text' in file) return escaped(file.text)
  report.add('C434', at, `${cut(shownPath(tree, path))} cannot be packed: ${file.refused}`)
  return undefined
}

/** `a/./b/../c` as `a/c`; undefined when it is absolute or leads out. */
function normalised(path: string): string | undefined {
  if (path.startsWith('/') || path.includes('\0') || path.includes('\\')) return undefined
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) return undefined
  }
  return parts.join('/')
}

/**
 * Text that gives itself when it is read as a template. Backslashes before `<<` count in pairs (6.1), so those that stand
 * there already are doubled.
 */
function escaped(text: string): string {
  return text.replace(/(\\*)<</g, '$1$1\\<<')
}
