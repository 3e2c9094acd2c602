import { cut } from '../report/suggest.ts'
import type { Env } from '../scope/types.ts'
import { evaluateNode } from '../templates/evaluate.ts'
import { textOf } from '../templates/text.ts'
import { isBroken, type YNode } from '../yaml/nodes.ts'

/** The contexts of an entry, in order; an empty text from a template means none (spec: config-language.md 16.7). */
export function readContexts(written: YNode | undefined, env: Env): string[] {
  if (!written) return []
  const value = evaluateNode(written, env)
  const found = new Set<string>()
  for (const node of value.kind === 'seq' ? value.items : [value]) {
    const name = isBroken(node) ? '' : (textOf(node) ?? '')
    if (name === '') continue
    const problem = problemOf(name, found)
    if (problem) env.world.report.add('C530', node, `${problem} context ${cut(name)}`, { stack: env.stack })
    found.add(name)
  }
  return [...found]
}

function problemOf(name: string, earlier: ReadonlySet<string>): string | undefined {
  if (earlier.has(name)) return 'Duplicate'
  const short = name.length <= 200 || [...name].length <= 200
  const valid = short && name.trim() === name && name.trim() !== '' && !/[\n\r\v\f]/.test(name)
  return valid ? undefined : 'Invalid'
}
