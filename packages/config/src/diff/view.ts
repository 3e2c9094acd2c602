import { fromNode, type Json, Raw, Written } from '../emit/json.ts'
import { Collector } from '../report/collector.ts'
import type { Trace } from '../trace.ts'
import type { Invocation } from '../workflows/invocation.ts'
import { parseYaml } from '../yaml/parse.ts'
import { SourceText } from '../yaml/source.ts'
import { isMap, type Plain } from './canonical.ts'

export interface JobView {
  type: string
  requires: Plain[]
  contexts: string[]
  filters: Plain
  /** Executor, environment and all else but the steps. */
  body: { [key: string]: Plain }
  steps: Plain[]
}

/** Workflows by name, each with its jobs by name. */
export type CompiledView = Map<string, Map<string, JobView>>

/** What a config compiles to, whatever the filters decide in one pipeline. */
export function viewOf(trace: Trace): CompiledView {
  return new Map(
    trace.workflows.map(({ compiled }) => [
      compiled.name,
      new Map(compiled.invocations.map((one) => [one.final, jobView(one)])),
    ]),
  )
}

function jobView(one: Invocation): JobView {
  const { steps = [], ...body } = bodyOf(one.job.text)
  return {
    type: one.job.type,
    // Sets: in which order they are written has no meaning.
    requires: one.dependencies.map(({ on, statuses }) => `${on.final}: ${statuses.toSorted().join(' ')}`).sort(),
    contexts: one.contexts,
    filters: one.filters.json === undefined ? null : listed(plain(one.filters.json)),
    body,
    steps: Array.isArray(steps) ? steps : [steps],
  }
}

/** `only: x` means `only: [x]`. */
function listed(filters: Plain): Plain {
  if (!isMap(filters)) return filters
  const wrap = (value: Plain) => (typeof value === 'string' ? [value] : value)
  return Object.fromEntries(
    Object.entries(filters).map(([kind, lists]) => [
      kind,
      isMap(lists) ? Object.fromEntries(Object.entries(lists).map(([key, value]) => [key, wrap(value)])) : lists,
    ]),
  )
}

/** A job's body is kept as it stands in the compiled config: an indented block. */
function bodyOf(text: string): { [key: string]: Plain } {
  const root = parseYaml(new SourceText('compiled', `job:\n    ${text.trimStart()}`), new Collector())
  const body = root && plain(fromNode(root))
  const job = body !== undefined && isMap(body) ? body['job'] : undefined
  return job !== undefined && isMap(job) ? job : {}
}

function plain(value: Json): Plain {
  if (value instanceof Raw || value instanceof Written) return value.text
  if (Array.isArray(value)) return value.map(plain)
  if (!(value instanceof Map)) return value
  return Object.fromEntries([...value].map(([key, one]) => [key, plain(one)]))
}
