import type { SourceRange } from '../diagnostics.ts'
import type { Part } from '../templates/lex.ts'
import type { SourceText } from './source.ts'

/**
 * What every node of the positioned tree knows about itself. Offsets are UTF-16 units into `source.text`. Nodes are made
 * by `makeScalar`, `makeSeq` and `makeMap` or copied with a spread: all of a kind then have their fields in one order,
 * which is what makes the engine's access to them fast.
 */
interface NodeBase {
  source: SourceText
  start: number
  end: number
  /** For the JSON pointer; the root has none. */
  parent?: YNode
  key?: string | number
  /** Where an alias or a merge key brought this node in: reported as a related place. */
  site?: { start: number; end: number; what: 'alias' | 'merge' }
}

export interface YScalar extends NodeBase {
  kind: 'scalar'
  value: string | number | boolean | null
  /** Source text of a plain scalar, else the string value: `14.10` stays `14.10`. */
  text: string
  plain: boolean
  /** What its template put into it, by the name in the tag; the nodes stand where those values were written. */
  from?: { name: string; node: YNode }[]
  /** The value came out of a whole-value template: string fields then accept booleans and integers. */
  substituted?: boolean
  /** Its template was faulty and is reported already: checks pass it by, so that consequences are not reported. */
  broken?: boolean
  /** The pieces of its template, once they were asked for. */
  parts?: Part[]
}

/** Where a node stands. */
export type At = Pick<NodeBase, 'source' | 'start' | 'end' | 'parent' | 'key' | 'site'>

export interface YSeq extends NodeBase {
  kind: 'seq'
  items: YNode[]
  /** Whether anything inside holds a template, once that was asked. */
  templated?: boolean
}

export interface YPair {
  key: YScalar
  value: YNode
}

export interface YMap extends NodeBase {
  kind: 'map'
  entries: Map<string, YPair>
  /** Whether anything inside holds a template, once that was asked. */
  templated?: boolean
}

export type YNode = YScalar | YSeq | YMap

export function get(node: YNode | undefined, key: string): YNode | undefined {
  return node?.kind === 'map' ? node.entries.get(key)?.value : undefined
}

/** Like `get`, but an explicit null counts as absent. */
export function getPresent(node: YNode | undefined, key: string): YNode | undefined {
  const value = get(node, key)
  return value === undefined || isNull(value) ? undefined : value
}

export function isNull(node: YNode): boolean {
  return node.kind === 'scalar' && node.value === null
}

export function isBroken(node: YNode | undefined): boolean {
  return node?.kind === 'scalar' && node.broken === true
}

export function isString(node: YNode | undefined): node is YScalar & { value: string } {
  return node?.kind === 'scalar' && typeof node.value === 'string'
}

export function stringOf(node: YNode | undefined): string | undefined {
  return isString(node) ? node.value : undefined
}

export function pairs(node: YNode | undefined): [string, YPair][] {
  return node?.kind === 'map' ? [...node.entries] : []
}

/** The first entry of a map, which of steps and the like is the only one. */
export function firstPair(node: YNode | undefined): [string, YPair] | undefined {
  if (node?.kind !== 'map') return undefined
  for (const entry of node.entries) return entry
  return undefined
}

export function items(node: YNode | undefined): YNode[] {
  return node?.kind === 'seq' ? node.items : []
}

export function rangeOf(node: YNode): SourceRange {
  return node.source.range(node.start, node.end)
}

/** The name of a node's type as people read it in messages. */
export function typeName(node: YNode): string {
  if (node.kind === 'seq') return 'list'
  if (node.kind === 'map') return 'map'
  if (node.value === null) return 'null'
  if (typeof node.value !== 'number') return typeof node.value
  return Number.isInteger(node.value) && !/^[^x]*[.eE]/.test(node.text) ? 'integer' : 'float'
}

export function isInteger(node: YNode): node is YScalar & { value: number } {
  return typeName(node) === 'integer'
}

/** The key under which a node stands, or the node itself: where a key that it lacks is told. */
export function keyOf(node: YNode): YNode {
  const pair = node.parent?.kind === 'map' ? node.parent.entries.get(String(node.key)) : undefined
  return pair?.key ?? node
}

/** Keys may be megabytes long, and every diagnostic has a pointer. */
const maxPart = 200
const maxPath = 2000

/** JSON pointer (RFC 6901) of a node into its own source document; a monstrous one is cut. */
export function pathOf(node: YNode): string {
  const parts: string[] = []
  for (let at: YNode | undefined = node; at?.parent; at = at.parent) {
    // A key that is no text stands in no map.
    if (at.key !== undefined) parts.push(String(at.key).slice(0, maxPart).replaceAll('~', '~0').replaceAll('/', '~1'))
  }
  return parts.length === 0 ? '' : `/${parts.reverse().join('/')}`.slice(0, maxPath)
}

/** A scalar that stands at a place. */
export function makeScalar(
  { source, start, end, parent, key, site }: At,
  value: YScalar['value'],
  text: string,
  plain: boolean,
): YScalar {
  return {
    kind: 'scalar',
    source,
    start,
    end,
    parent,
    key,
    site,
    value,
    text,
    plain,
    from: undefined,
    substituted: undefined,
    broken: undefined,
    parts: undefined,
  }
}

/** A list that stands at a place. */
export function makeSeq({ source, start, end, parent, key, site }: At, items: YNode[]): YSeq {
  return { kind: 'seq', source, start, end, parent, key, site, items, templated: undefined }
}

/** A map that stands at a place. */
export function makeMap({ source, start, end, parent, key, site }: At, entries: Map<string, YPair>): YMap {
  return { kind: 'map', source, start, end, parent, key, site, entries, templated: undefined }
}

/** What stands for a whole text, or for a text that has no nodes. */
export function startOf(source: SourceText): YScalar {
  return makeScalar({ source, start: 0, end: 0 }, null, '', true)
}

/** A scalar that stands where `at` stands. */
export function scalarAt(at: YNode, value: YScalar['value'], extra: Partial<YScalar> = {}): YScalar {
  const node = makeScalar(at, value, extra.text ?? (value === null ? '' : String(value)), false)
  node.from = extra.from
  node.substituted = extra.substituted
  node.broken = extra.broken
  return node
}

/** An empty map that stands where `at` stands. */
export function emptyMapAt(at: YNode): YMap {
  return makeMap(at, new Map())
}

/** Plain data of a node: numbers keep their source text where it matters by `text`. */
export function toData(node: YNode): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'seq') return node.items.map(toData)
  return Object.fromEntries([...node.entries].map(([key, pair]) => [key, toData(pair.value)]))
}
