import { cut } from '../report/suggest.ts'
import type { YNode } from '../yaml/nodes.ts'

export interface Place {
  file: string
  line: number
  column: number
}

/** Something that a template put into a value: a parameter, a pipeline value, an expression. */
export interface Source {
  /** As in the tag: `parameters.to`. */
  name: string
  value: string
  /** Where that value was written: the argument, or the default of the declaration. */
  place: Place
  from: Source[]
}

/** One value of a compiled job, and where it came from. */
export interface ExplainedValue {
  /** Keys on the way to it, as in the compiled config: `docker/0/image`, `environment/CI`. */
  path: string
  value: string
  /** Where it is written, or the template that made it. */
  place: Place
  /** The alias or merge key that brought it there. */
  via?: Place & { what: 'alias' | 'merge' }
  from: Source[]
}

const maxDepth = 20

export function placeOf(node: YNode): Place {
  const { line, column } = node.source.pos(node.start)
  return { file: node.source.file, line, column }
}

/** Every scalar under a node, with its sources; text is cut as in messages. */
export function explainValues(node: YNode, path: string): ExplainedValue[] {
  if (node.kind === 'seq') return node.items.flatMap((item, index) => explainValues(item, join(path, String(index))))
  if (node.kind === 'map') {
    return [...node.entries].flatMap(([key, { value }]) => explainValues(value, join(path, key)))
  }
  const site = siteOf(node)
  return [{ path, value: shown(node), place: placeOf(node), ...(site && { via: site }), from: sourcesOf(node, 0) }]
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}/${key}`
}

function sourcesOf(node: YNode, depth: number): Source[] {
  if (node.kind !== 'scalar' || depth >= maxDepth) return []
  return (node.from ?? []).map(({ name, node: source }) => ({
    name,
    value: shown(source),
    place: placeOf(source),
    from: sourcesOf(source, depth + 1),
  }))
}

function shown(node: YNode): string {
  if (node.kind === 'seq') return `a list of ${node.items.length}`
  if (node.kind === 'map') return 'a map'
  return cut(node.value === null ? 'null' : node.text)
}

/** The nearest alias or merge key above a node. */
function siteOf(node: YNode): ExplainedValue['via'] | undefined {
  for (let at: YNode | undefined = node; at; at = at.parent) {
    if (!at.site) continue
    const { line, column } = at.source.pos(at.site.start)
    return { what: at.site.what, file: at.source.file, line, column }
  }
  return undefined
}
