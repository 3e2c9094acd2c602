import type { CompileOptions } from '../compile-types.ts'
import { fromNode, Written } from '../emit/json.ts'
import { entryLines } from '../emit/yaml.ts'
import { items, scalarAt, type YNode, type YScalar } from '../yaml/nodes.ts'

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
  if (node.kind !== 'map') return
  for (const [name, { value }] of node.entries) if (value.kind === 'scalar') result.set(name, value)
}

/** As the compiled config keeps them at a margin: typed. Undefined without any. */
export function writeVariables(map: ReadonlyMap<string, YScalar>, margin: number): Written | undefined {
  let lines = ''
  for (const [name, value] of map) lines += entryLines(name, fromNode(value), margin)
  return lines === '' ? undefined : new Written(lines)
}

/** As the job sees them: text. */
export function rendered(
  map: ReadonlyMap<string, YScalar>,
  style: CompileOptions['numericEnv'],
): Record<string, string> {
  if (map.size === 0) return {}
  const texts: [string, string][] = []
  for (const [name, value] of map) texts.push([name, render(value, style)])
  return Object.fromEntries(texts)
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
