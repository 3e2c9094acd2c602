import type { Value } from '../scope/types.ts'
import { get } from '../yaml/nodes.ts'

/**
 * How a value reads inside text (spec: config-language.md 6.3); undefined when it cannot be inserted. An executor reads
 * as its name: caches keyed by the executor are common.
 */
export function textOf(value: Value): string | undefined {
  if (value.kind === 'executor') {
    const name = value.node.kind === 'map' ? get(value.node, 'name') : value.node
    return name && textOf(name)
  }
  if (value.kind !== 'scalar') return undefined
  if (value.value === null) return ''
  return typeof value.value === 'number' ? value.text : String(value.value)
}

/** Truthiness (10.3): false, null, 0, NaN and the empty string are falsy; every list, map and executor is truthy. */
export function isTruthy(value: Value): boolean {
  return value.kind !== 'scalar' || Boolean(value.value)
}
