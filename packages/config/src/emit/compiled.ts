import type { CompiledWorkflow, Invocation } from '../workflows/invocation.ts'
import type { YNode } from '../yaml/nodes.ts'
import { fromNode, type Json, type JsonMap, Written } from './json.ts'
import { behindDash, entryLines, scalarText, writeList, writeWords } from './yaml.ts'

export interface OrbNote {
  requested: string
  resolved: string
}

/** The compiled config without its comments: a version 2 document that needs no compiler any more (22.1). */
export function emitCompiled(workflows: { compiled: CompiledWorkflow; triggers?: YNode }[]): string {
  const jobs: JsonMap = new Map()
  const blocks: JsonMap = new Map<string, Json>([['version', 2]])
  for (const { compiled, triggers } of workflows) {
    for (const one of compiled.invocations) {
      if (one.job.type !== 'approval') jobs.set(one.final, new Written(one.job.text))
    }
    const block: JsonMap = new Map<string, Json>([
      ['jobs', writeList(compiled.invocations.map(entryOf), entryMargin - 2)],
    ])
    if (triggers) block.set('triggers', fromNode(triggers))
    if (compiled.maxAutoReruns !== undefined) block.set('max_auto_reruns', compiled.maxAutoReruns)
    blocks.set(compiled.name, block)
  }
  return `version: 2${entryLines('jobs', jobs, 0)}${entryLines('workflows', blocks, 0)}\n`
}

/** Where an entry stands in the list of a workflow's jobs. */
const entryMargin = 8

function entryOf(one: Invocation): string {
  const keys = writeWords(
    {
      context: one.contexts.length === 0 ? undefined : one.contexts,
      filters: one.filters.json,
      requires: one.dependencies.length === 0 ? undefined : one.dependencies.map(requirementJson),
      type: one.job.type === 'approval' ? 'approval' : undefined,
    },
    entryMargin + 2,
  )
  return keys ? behindDash(entryLines(one.final, keys, entryMargin), entryMargin) : scalarText(one.final, entryMargin)
}

function requirementJson({ on, statuses }: Invocation['dependencies'][number]): Json {
  if (statuses.length === 1 && statuses[0] === 'success') return on.final
  return new Map<string, Json>([[on.final, statuses]])
}

/** The lines above and below the compiled config: what the orbs resolved to, and the text it was made from. */
export function withComments(yaml: string, orbs: OrbNote[], source: string): string {
  const registry = orbs.filter(({ requested }) => !requested.startsWith('https://'))
  const head = registry.map(
    ({ requested, resolved }) => `# Orb '${oneLine(requested)}' resolved to '${oneLine(resolved)}'\n`,
  )
  return `${head.join('')}${yaml}\n# Original config:\n${commented(source)}`
}

/** A text in lines of comment, without blanks at their ends. */
function commented(text: string): string {
  const source = oddBreaks.test(text) ? text.replace(anyBreak, '\n') : text
  let result = ''
  let from = 0
  while (from <= source.length) {
    const next = source.indexOf('\n', from)
    const to = next === -1 ? source.length : next
    const line = source.slice(from, to).trimEnd()
    result += line === '' ? '#\n' : `# ${line}\n`
    from = to + 1
  }
  return result
}

/** Line breaks that only some readers of YAML see as such. */
const oddBreaks = /[\r\u0085\u2028\u2029]/
const anyBreak = /\r\n|[\r\u0085\u2028\u2029]/g

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ')
}
