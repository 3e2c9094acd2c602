import type { Diagnostic } from '../diagnostics.ts'
import { makeMap, type YMap, type YPair } from '../yaml/nodes.ts'

/** What packing gives. */
export interface Packed {
  /** YAML; absent when there is an error. */
  text?: string
  /** The same as nodes, each with its place in the source it came from. */
  root?: YMap
  diagnostics: Diagnostic[]
}

/** A map with the known keys first, in the order people write them, then whatever else it holds. */
export function arranged(map: YMap, order: readonly string[]): YMap {
  const known = order.flatMap((key): [string, YPair][] => {
    const pair = map.entries.get(key)
    return pair === undefined ? [] : [[key, pair]]
  })
  return makeMap(map, new Map([...known, ...[...map.entries].filter(([key]) => !order.includes(key))]))
}
