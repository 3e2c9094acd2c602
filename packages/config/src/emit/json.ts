import { textOf } from '../templates/text.ts'
import type { YNode } from '../yaml/nodes.ts'

/** A plain scalar to be written exactly as its source had it: `14.10`. */
export class Raw {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What was written already: job bodies and repeated steps are written once. */
export class Written {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Data of the compiled config; maps keep their order. */
export type Json = string | number | boolean | null | Raw | Written | Json[] | JsonMap
export type JsonMap = Map<string, Json>

export function fromNode(node: YNode): Json {
  if (node.kind === 'seq') return node.items.map(fromNode)
  if (node.kind === 'map') return new Map([...node.entries].map(([key, pair]) => [key, fromNode(pair.value)]))
  const { value, text } = node
  if (typeof value !== 'number' || String(value) === text) return value
  return new Raw(text)
}

/** A text or list of texts as such, whatever type a template gave them: they are read back without the template. */
export function textsJson(node: YNode): Json {
  return node.kind === 'seq' ? node.items.map((item) => textOf(item) ?? null) : (textOf(node) ?? null)
}

/** A map of the entries that are there, keys in alphabetical order as in every compiled step (22.1). */
export function sortedMap(entries: Record<string, Json | undefined>): JsonMap {
  const result: JsonMap = new Map()
  const keys = Object.keys(entries).filter((key) => entries[key] !== undefined)
  // Most are written in their order.
  if (keys.some((key, at) => at > 0 && key < (keys[at - 1] ?? ''))) keys.sort()
  for (const key of keys) result.set(key, entries[key] ?? null)
  return result
}
