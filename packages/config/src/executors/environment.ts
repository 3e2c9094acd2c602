import type { CompileOptions } from '../compile-types.ts'
import { fromNode, type JsonMap } from '../emit/json.ts'
import { items, pairs, scalarAt, type YNode, type YScalar } from '../yaml/nodes.ts'

const none: ReadonlyMap<string, YScalar> = new Map()

/** The variables of an evaluated `environment`, later entries of a list winning (spec: config-language.md 12.5). */
export function variables(node: YNode | undefined): ReadonlyMap<string, YScalar> {
  if (!node) return none
  const result = new Map<string, YScalar>()
  if (node.kind === 'map') addPairs(node, result)
  for (const item of items(node)) {
    if (item.kind === 'map') addPairs(item, result)
    else if (item.kind === 'scalar' && typeof item.value === 'string') {
      const equals = item.value.indexOf('=')
      if (equals > 0) result.set(item.value.slice(0, equals), scalarAt(item, item.value.slice(equals + 1)))
    }
  }
  return result
}

function addPairs(node: YNode, result: Map<string, YScalar>): void {
  for (const [name, { value }] of pairs(node)) if (value.kind === 'scalar') result.set(name, value)
}

/** As the compiled config keeps them: typed. */
export function variablesJson(map: ReadonlyMap<string, YScalar>): JsonMap | undefined {
  return map.size === 0 ? undefined : new Map([...map].map(([name, value]) => [name, fromNode(value)]))
}

/** As the job sees them: text. */
export function rendered(
  map: ReadonlyMap<string, YScalar>,
  style: CompileOptions['numericEnv'],
): Record<string, string> {
  if (map.size === 0) return {}
  return Object.fromEntries([...map].map(([name, value]) => [name, render(value, style)]))
}

function render(node: YScalar, style: CompileOptions['numericEnv']): string {
  const { value, text } = node
  if (value === null) return '<nil>'
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (typeof value === 'string') return value
  const large = Number.isInteger(value) && Math.abs(value) >= 1_000_000
  if (!large || style === 'decimal') return text
  const [mantissa, exponent = ''] = value.toExponential().split('e')
  return `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`
}
