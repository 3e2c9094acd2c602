import type { CompileInput } from '../compile-types.ts'
import type { Scalar } from '../plan.ts'
import { Collector } from '../report/collector.ts'
import { cut } from '../report/suggest.ts'
import type { World } from '../scope/types.ts'
import { get, getPresent, pairs, type YMap } from '../yaml/nodes.ts'
import { parseYaml } from '../yaml/parse.ts'
import { SourceText } from '../yaml/source.ts'

/**
 * The arguments of a continuation (spec: config-language.md 20.6, 20.7): the trigger's, as far as this config declares
 * them, under those of the continuation call. A parameter that both configs declare may not be passed by both callers.
 */
export function continuationArguments(root: YMap, input: CompileInput, world: World): CompileInput['pipelineArgs'] {
  const { continues, pipelineArgs, source } = input
  if (input.phase !== 'continuation' || !continues) return pipelineArgs
  const block = getPresent(root, 'parameters')
  const args: Record<string, Scalar> = {}
  for (const [name, value] of Object.entries(continues.triggerArgs)) {
    if (get(block, name)) args[name] = value
  }
  const defaults = setupDefaults(continues.setup, source.file)
  const conflicts = Object.keys(args).filter(
    (name) => Object.hasOwn(pipelineArgs, name) && defaults.has(name) && defaults.get(name) !== args[name],
  )
  if (conflicts.length > 0) {
    const hint = 'the trigger set it already: let the setup job pass only what it computes itself'
    const at = root.entries.get('parameters')?.key ?? root
    world.report.add('C582', at, `Conflicting pipeline parameters: ${cut(conflicts.sort().join(', '))}`, { hint })
  }
  return { ...args, ...pipelineArgs }
}

/** What the setup config's parameters are when nobody sets them. Its own compile has checked it. */
function setupDefaults(setup: string, file: string): Map<string, unknown> {
  const root = parseYaml(new SourceText(file, setup), new Collector())
  const entries = pairs(root && getPresent(root, 'parameters')).map(([name, { value }]): [string, unknown] => {
    const fallback = get(value, 'default')
    return [name, fallback?.kind === 'scalar' ? fallback.value : undefined]
  })
  return new Map(entries)
}
