import type { Diagnostic } from '../diagnostics.ts'
import type { Scalar } from '../plan.ts'
import { Collector } from '../report/collector.ts'
import { typeName } from '../yaml/nodes.ts'
import { parseYaml } from '../yaml/parse.ts'
import { SourceText } from '../yaml/source.ts'

/**
 * Arguments for pipeline parameters as people write them: a YAML or JSON map of texts, numbers and booleans. Undefined,
 * with diagnostics, when it is something else.
 */
export function parseArguments(source: { text: string; file: string }): {
  values?: Record<string, Scalar>
  diagnostics: Diagnostic[]
} {
  const report = new Collector()
  const root = parseYaml(new SourceText(source.file, source.text), report)
  const values: [string, Scalar][] = []
  for (const [name, { value }] of root?.entries ?? []) {
    if (value.kind === 'scalar' && value.value !== null) values.push([name, value.value])
    else report.add('C202', value, `expected type: string, number or boolean, found: ${typeName(value)}`)
  }
  const diagnostics = report.sorted()
  return report.hasErrors ? { diagnostics } : { values: Object.fromEntries(values), diagnostics }
}
