import { fromNode } from '../emit/json.ts'
import { emitYaml } from '../emit/yaml.ts'
import { cut } from '../report/suggest.ts'
import { emptyMapAt, isNull, makeMap, makeScalar, type YMap } from '../yaml/nodes.ts'
import { arranged, type Packed } from './arrange.ts'
import { PackReport, parseFile, shownPath, wholeFile } from './parse-file.ts'
import type { SourceTree } from './source-tree.ts'

const order = ['version', 'setup', 'orbs', 'parameters', 'executors', 'commands', 'jobs', 'job-groups', 'workflows']

interface Folder {
  folders: Map<string, Folder>
  files: string[]
}

/**
 * Packs a folder of YAML files into one config, as `circleci config pack` does (the FYAML convention): a folder or a file
 * is a key, its content the value; a file whose name starts with `@`, and every file at the top, is merged into its
 * folder's own map. Of two values for one key the later path wins, a map into a map key by key.
 */
export function packConfig(tree: SourceTree): Packed {
  const report = new PackReport()
  const top: Folder = { folders: new Map(), files: [] }
  const paths = tree.paths.filter(isPacked)
  for (const path of paths.toSorted()) place(path, top)
  if (paths.length === 0) {
    const message = `No YAML file in ${tree.name || 'this folder'}`
    report.collector().add('C434', wholeFile(tree, ''), message)
  }
  const packed = packFolder(top, '', tree, report)
  const diagnostics = report.sorted()
  if (report.hasErrors) return { diagnostics }
  const root = arranged(packed, order)
  return { text: emitYaml(fromNode(root)), root, diagnostics }
}

/** YAML files, but none that is hidden or lies in a hidden folder. */
function isPacked(path: string): boolean {
  return /\.ya?ml$/.test(path) && !path.split('/').some((part) => part.startsWith('.'))
}

function place(path: string, root: Folder): void {
  let at = root
  for (const name of path.split('/').slice(0, -1)) {
    const next = at.folders.get(name) ?? { folders: new Map(), files: [] }
    at.folders.set(name, next)
    at = next
  }
  at.files.push(path)
}

function packFolder(folder: Folder, prefix: string, tree: SourceTree, report: PackReport): YMap {
  const result = emptyMapAt(wholeFile(tree, prefix))
  for (const path of folder.files) {
    const content = parseFile(tree, path, report)
    if (!content) continue
    const name = path.slice(prefix.length).replace(/\.ya?ml$/, '')
    if (prefix === '' || name.startsWith('@')) mergeInto(result, content)
    else mergeKey(result, name, content, path, tree, report)
  }
  for (const [name, inner] of folder.folders) {
    const path = `${prefix}${name}`
    mergeKey(result, name, packFolder(inner, `${path}/`, tree, report), path, tree, report)
  }
  return result
}

function mergeInto(target: YMap, source: YMap): void {
  for (const [key, pair] of source.entries) target.entries.set(key, pair)
}

function mergeKey(target: YMap, name: string, source: YMap, path: string, tree: SourceTree, report: PackReport): void {
  const present = target.entries.get(name)
  if (present === undefined || isNull(present.value)) {
    const key = makeScalar({ ...source, end: source.start }, name, name, true)
    target.entries.set(name, { key, value: makeMap(source, new Map(source.entries)) })
  } else if (present.value.kind === 'map') {
    // A copy: an aliased map is shared with its other places.
    const entries = new Map([...present.value.entries, ...source.entries])
    target.entries.set(name, { key: present.key, value: makeMap(present.value, entries) })
  } else {
    const related = [{ message: 'the other value', node: present.value }]
    const message = `${cut(shownPath(tree, path))} cannot be merged: ${cut(name)} has a value that is no map`
    report.collector().add('C433', wholeFile(tree, path), message, { related })
  }
}
