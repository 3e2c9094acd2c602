import { fromNode } from '../emit/json.ts'
import { emitYaml } from '../emit/yaml.ts'
import { emptyMapAt, makeScalar, type YMap } from '../yaml/nodes.ts'
import { arranged, type Packed } from './arrange.ts'
import { inlined } from './include.ts'
import { PackReport, parseFile, shownPath, wholeFile } from './parse-file.ts'
import type { SourceTree } from './source-tree.ts'

const sections = ['commands', 'jobs', 'executors', 'examples']
const order = ['version', 'name', 'description', 'display', 'orbs', ...sections]
const mainFiles = ['@orb.yml', '@orb.yaml', 'orb.yml', 'orb.yaml']

/**
 * Packs an orb's sources into one text, as `circleci orb pack` does: `@orb.yml` (or `orb.yml`), and one element for each
 * file under `commands`, `jobs`, `executors` and `examples`, named by its file. Folders deeper down only order the files.
 */
export function packOrb(tree: SourceTree): Packed {
  const report = new PackReport()
  const main = mainFiles.find((name) => tree.paths.includes(name))
  if (main === undefined) {
    const message = `No orb source in ${tree.name || 'this folder'}: @orb.yml not found`
    report.collector().add('C435', wholeFile(tree, ''), message)
    return { diagnostics: report.sorted() }
  }
  const root = parseFile(tree, main, report)
  const orb = root && inlined(root, tree, report.collector())
  if (orb?.kind === 'map') {
    for (const path of tree.paths.toSorted()) if (path !== main) addFile(path, orb, tree, report)
    // A section that is no folder but a link to one would be left out without a word.
    for (const section of sections) if (tree.paths.includes(section)) parseFile(tree, section, report)
  }
  const diagnostics = report.sorted()
  if (report.hasErrors || orb?.kind !== 'map') return { diagnostics }
  const packed = arranged(orb, order)
  return { text: emitYaml(fromNode(packed)), root: packed, diagnostics }
}

function addFile(path: string, orb: YMap, tree: SourceTree, report: PackReport): void {
  const parts = path.split('/')
  const name = /^(.+)\.ya?ml$/.exec(parts.at(-1) ?? '')?.[1]
  if (name === undefined || parts.some((part) => part.startsWith('.'))) return
  const section = parts[0] ?? ''
  if (parts.length === 1 || !sections.includes(section)) {
    const message = `${shownPath(tree, path)} is in none of the folders ${sections.join(', ')} and was left out`
    report.collector().add('W942', wholeFile(tree, path), message)
    return
  }
  const content = parseFile(tree, path, report)
  if (!content) return
  const block = blockOf(orb, section)
  const earlier = block.entries.get(name)
  if (earlier) {
    const related = [{ message: 'first defined here', node: earlier.key }]
    report.collector().add('C433', wholeFile(tree, path), `${section}/${name} is defined twice`, { related })
    return
  }
  const key = makeScalar({ ...content, end: content.start, parent: block, key: name }, name, name, true)
  const value = inlined({ ...content, parent: block, key: name }, tree, report.collector())
  block.entries.set(name, { key, value })
}

function blockOf(orb: YMap, section: string): YMap {
  const present = orb.entries.get(section)?.value
  if (present?.kind === 'map') return present
  const fresh: YMap = { ...emptyMapAt(orb), parent: orb, key: section }
  const key = makeScalar(orb, section, section, true)
  orb.entries.set(section, { key, value: fresh })
  return fresh
}
