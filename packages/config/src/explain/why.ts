import { calling } from '../elements/find.ts'
import type { Env } from '../scope/types.ts'
import { evaluateNode } from '../templates/evaluate.ts'
import { textOf } from '../templates/text.ts'
import type { Trace } from '../trace.ts'
import { survives } from '../workflows/conditions.ts'
import { readEntry } from '../workflows/entry.ts'
import type { Invocation } from '../workflows/invocation.ts'
import { get, items, pairs, type YMap, type YNode } from '../yaml/nodes.ts'
import { type ConditionPart, explainCondition } from './condition.ts'
import { type Place, placeOf } from './values.ts'

/** What one workflow says about a job. */
export interface WorkflowVerdict {
  workflow: string
  place: Place
  /** Whether the workflow runs, and by which condition. */
  selected: boolean
  condition?: ConditionPart & { word: 'when' | 'unless' }
  /** The workflow's entries of that job. Of a workflow that does not run, as written. */
  jobs: JobVerdict[]
}

export interface JobVerdict {
  name: string
  place: Place
  runs: boolean
  /** One sentence. */
  reason: string
  /** The entry's own filters, when it has some. */
  filters?: { text: string; passes: boolean; place: Place; condition?: ConditionPart }
  /** What it requires, and whether each of these runs. */
  requires: { job: string; statuses: string[]; runs: boolean }[]
}

/** Why a job would or would not run in this pipeline: conditions, filters, requirements. Empty when nothing names it. */
export function whyJob(trace: Trace, name: string): WorkflowVerdict[] {
  const named = verdicts(trace, (own) => own.includes(name))
  return named.length > 0 ? named : verdicts(trace, (_, other) => other.includes(name))
}

/** Decides by a job's own name and, behind it, the names it goes by: of its definition, of its matrix. */
type Wanted = (own: string[], other: string[]) => boolean

function verdicts(trace: Trace, wanted: Wanted): WorkflowVerdict[] {
  const block = get(trace.root, 'workflows')
  if (!block) return implicit(trace, wanted)
  return pairs(block).flatMap(([workflow, { key, value }]) => {
    if (workflow === 'version' || value.kind !== 'map') return []
    const env = calling(trace.env, 'workflow', workflow, key)
    const compiled = trace.workflows.find(({ selected }) => selected.name === workflow)
    const condition = conditionOf(value, env)
    const selected = !trace.env.world.modern || survives(value, env)
    const jobs = compiled ? jobsIn(compiled.compiled.invocations, wanted, env) : writtenJobs(value, wanted)
    if (jobs.length === 0) return []
    return [{ workflow, place: placeOf(key), selected, ...(condition && { condition }), jobs }]
  })
}

function implicit(trace: Trace, wanted: Wanted): WorkflowVerdict[] {
  return trace.workflows.flatMap(({ compiled, selected }) => {
    const jobs = jobsIn(compiled.invocations, wanted, trace.env)
    return jobs.length === 0 ? [] : [{ workflow: compiled.name, place: placeOf(selected.key), selected: true, jobs }]
  })
}

function conditionOf(workflow: YMap, env: Env): WorkflowVerdict['condition'] | undefined {
  for (const word of ['when', 'unless'] as const) {
    const node = get(workflow, word)
    if (node && env.world.modern) return { word, ...explainCondition(node, env) }
  }
  return undefined
}

/** Entries of a workflow that was not expanded: by their names as written. */
function writtenJobs(workflow: YMap, wanted: Wanted): JobVerdict[] {
  const entries = items(get(workflow, 'jobs')).flatMap((item) => readEntry(item) ?? [])
  return entries.flatMap(({ reference, body, at }) => {
    const given = get(body, 'name')
    const name = given?.kind === 'scalar' ? given.text : reference
    if (!wanted([name], [reference])) return []
    return [{ name, place: placeOf(at), runs: false, reason: 'its workflow does not run', requires: [] }]
  })
}

function jobsIn(invocations: Invocation[], wanted: Wanted, env: Env): JobVerdict[] {
  const left = remaining(invocations)
  const found = invocations.filter((one) => wanted([one.final], [one.requested, one.definition]))
  return found.map((one) => verdict(one, left, env))
}

/** The invocations that the filters leave, with their cascade (16.6). */
function remaining(invocations: Invocation[]): ReadonlySet<Invocation> {
  const left = new Set(invocations.filter((one) => one.filters.runs))
  for (let changed = true; changed; ) {
    changed = false
    for (const one of left) {
      if (one.dependencies.length === 0 || one.dependencies.some(({ on }) => left.has(on))) continue
      left.delete(one)
      changed = true
    }
  }
  return left
}

function verdict(one: Invocation, left: ReadonlySet<Invocation>, env: Env): JobVerdict {
  const requires = one.dependencies.map(({ on, statuses }) => ({ job: on.final, statuses, runs: left.has(on) }))
  const filters = filtersOf(one, env)
  return {
    name: one.final,
    place: placeOf(one.entry),
    runs: left.has(one),
    reason: reasonOf(one, left, requires),
    ...(filters && { filters }),
    requires,
  }
}

function reasonOf(one: Invocation, left: ReadonlySet<Invocation>, requires: JobVerdict['requires']): string {
  if (!one.filters.runs) return one.filters.json === undefined ? 'a tag needs a tag filter' : 'its filters do not pass'
  if (!left.has(one)) return 'every job that it requires is left out'
  const waits = requires.filter(({ runs }) => runs).map(({ job, statuses }) => `${job} (${statuses.join(' or ')})`)
  return waits.length === 0 ? 'it starts at once' : `it starts after ${waits.join(', ')}`
}

function filtersOf(one: Invocation, env: Env): JobVerdict['filters'] | undefined {
  const written = get(bodyOf(one), 'filters')
  if (!written) return undefined
  const expression = written.kind === 'scalar' ? explainCondition(written, env) : undefined
  const text = expression?.text ?? inline(evaluateNode(written, env))
  return { text, passes: one.filters.runs, place: placeOf(written), ...(expression && { condition: expression }) }
}

/** What an entry says about its job; undefined for a bare name. An invocation's place is the name in the entry. */
export function bodyOf({ entry }: Invocation): YNode | undefined {
  return entry.kind === 'scalar' && entry.parent?.kind === 'map' ? get(entry.parent, entry.text) : undefined
}

/** A small node on one line. */
function inline(node: YNode): string {
  if (node.kind === 'scalar') return textOf(node) ?? ''
  if (node.kind === 'seq') return `[${node.items.map(inline).join(', ')}]`
  return [...node.entries]
    .map(([key, { value }]) => `${key}: ${value.kind === 'map' ? `{${inline(value)}}` : inline(value)}`)
    .join(', ')
}
