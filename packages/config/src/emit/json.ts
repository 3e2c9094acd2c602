import { textOf } from '../templates/text.ts'
import type { YNode } from '../yaml/nodes.ts'

/** A plain scalar to be written exactly as its source had it: `14.10`. */
export class Raw {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/**
 * What was written already, for the margin at which it stands: a list, or a map, that is not empty. Each of its lines has
 * its line break before it.
 */
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
  if (node.kind === 'map') {
    const map: JsonMap = new Map()
    for (const [key, pair] of node.entries) map.set(key, fromNode(pair.value))
    return map
  }
  const { value, text } = node
  if (typeof value !== 'number' || String(value) === text) return value
  return new Raw(text)
}

/** A text or list of texts as such, whatever type a template gave them: they are read back without the template. */
export function textsJson(node: YNode): Json {
  return node.kind === 'seq' ? node.items.map((item) => textOf(item) ?? null) : (textOf(node) ?? null)
}
