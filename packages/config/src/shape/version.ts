import type { CompileOptions } from '../compile-types.ts'
import type { Collector } from '../report/collector.ts'
import { cut } from '../report/suggest.ts'
import { get, getPresent, pairs, type YMap, type YNode } from '../yaml/nodes.ts'

/**
 * Whether 2.1 rules apply (spec: config-language.md 4), or undefined when the version is missing or unknown, which has
 * then been reported.
 */
export function detectVersion(root: YMap, options: CompileOptions, report: Collector): boolean | undefined {
  const node = get(root, 'version')
  const version = versionText(node)
  if (version === '2.1') return true
  if (version !== '2' && version !== '2.0') {
    const found = node?.kind === 'scalar' && node.text !== '' ? `, found ${cut(node.text)}` : ''
    report.add('C110', node ?? root, `\`version\` is missing or not one of 2, 2.0, 2.1${found}`, {
      hint: 'write version: 2.1',
    })
    return undefined
  }
  if (options.v2Dialect === 'as-2.1') return true
  checkWorkflowsVersion(root, report)
  return false
}

function versionText(node: YNode | undefined): string | undefined {
  if (node?.kind !== 'scalar' || typeof node.value === 'boolean') return undefined
  return node.text
}

function checkWorkflowsVersion(root: YMap, report: Collector): void {
  const workflows = getPresent(root, 'workflows')
  if (!workflows || pairs(workflows).length === 0) return
  const version = versionText(get(workflows, 'version'))
  if (version === '2' || version === '2.0') return
  const at = get(workflows, 'version') ?? root.entries.get('workflows')?.key ?? workflows
  report.add('C110', at, '`workflows.version` is missing or not 2 in a version 2 config', { hint: 'write version: 2' })
}
