import type { Collector } from '../report/collector.ts'
import { items, makeMap, typeName, type YMap, type YNode, type YPair } from './nodes.ts'

export interface MergeSource {
  value: YNode
  /** How many explicit keys stood before the merge key. */
  position: number
}

/**
 * Merges maps behind `<<` (spec: config-language.md 2.2): explicit keys win, earlier maps win over later ones, several
 * merge keys count as one list. Merged keys stand where the merge key stood; their values remember it as their site.
 */
export function mergeInto(map: YMap, merges: MergeSource[], report: Collector): YMap {
  const result = makeMap(map, new Map())
  const explicit = [...map.entries]
  let next = 0
  for (const { value, position } of merges) {
    for (; next < position; next++) put(result, explicit[next])
    for (const source of mergedMaps(value, report)) {
      for (const [key, pair] of source.entries) {
        if (map.entries.has(key) || result.entries.has(key)) continue
        result.entries.set(key, { key: pair.key, value: reparent(pair.value, result, key, value) })
      }
    }
  }
  for (; next < explicit.length; next++) put(result, explicit[next])
  for (const pair of result.entries.values()) pair.value.parent = result
  return result
}

function put(map: YMap, entry: [string, YPair] | undefined): void {
  if (entry) map.entries.set(entry[0], entry[1])
}

function reparent(value: YNode, parent: YMap, key: string, merge: YNode): YNode {
  const place = merge.site ?? merge
  return { ...value, parent, key, site: { start: place.start, end: place.end, what: 'merge' } }
}

function mergedMaps(value: YNode, report: Collector): YMap[] {
  if (value.kind === 'map') return [value]
  if (value.kind !== 'seq') {
    report.add('C106', value, `Only maps can be merged with \`<<\`, found ${typeName(value)}`)
    return []
  }
  return items(value).flatMap((item) => {
    if (item.kind === 'map') return [item]
    report.add('C106', { ...item, parent: value }, `Only maps can be merged with \`<<\`, found ${typeName(item)}`)
    return []
  })
}
