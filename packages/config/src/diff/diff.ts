import { cut } from '../report/suggest.ts'
import { canonical, isMap, type Plain } from './canonical.ts'
import { alignSteps } from './steps.ts'
import type { CompiledView, JobView } from './view.ts'

/** One difference of meaning between two compiled configs. */
export interface Change {
  workflow: string
  /** Absent when the workflow as a whole came or went. */
  job?: string
  /** Where in the job: `requires`, `docker/0/image`, `step 3`. */
  path?: string
  kind: 'added' | 'removed' | 'changed'
  before?: string
  after?: string
}

/**
 * Compares what two configs mean. The order of workflows, jobs, requirements and variables has no meaning; that of
 * steps, images and contexts has.
 */
export function diffViews(before: CompiledView, after: CompiledView): Change[] {
  const changes: Change[] = []
  for (const [workflow, jobs] of before) {
    const others = after.get(workflow)
    if (others) changes.push(...diffJobs(workflow, jobs, others))
    else changes.push({ workflow, kind: 'removed' })
  }
  for (const workflow of after.keys()) if (!before.has(workflow)) changes.push({ workflow, kind: 'added' })
  return changes
}

function diffJobs(workflow: string, before: Map<string, JobView>, after: Map<string, JobView>): Change[] {
  const changes: Change[] = []
  for (const [job, view] of before) {
    const other = after.get(job)
    if (other) changes.push(...diffJob(view, other).map((change) => ({ workflow, job, ...change })))
    else changes.push({ workflow, job, kind: 'removed' })
  }
  for (const job of after.keys()) if (!before.has(job)) changes.push({ workflow, job, kind: 'added' })
  return changes
}

type Inner = Omit<Change, 'workflow' | 'job'>

function diffJob(before: JobView, after: JobView): Inner[] {
  return [
    ...diffPlain('type', before.type, after.type),
    ...diffSet('requires', before.requires, after.requires),
    ...diffPlain('context', before.contexts, after.contexts),
    ...diffPlain('filters', before.filters, after.filters),
    ...diffPlain('', before.body, after.body),
    ...alignSteps(before.steps, after.steps).flatMap(({ number, left, right }) => diffStep(number, left, right)),
  ]
}

function diffStep(number: number, left: Plain | undefined, right: Plain | undefined): Inner[] {
  const path = `step ${number}`
  if (left === undefined) return [{ path, kind: 'added', after: shown(right ?? null) }]
  if (right === undefined) return [{ path, kind: 'removed', before: shown(left) }]
  return diffPlain(path, left, right)
}

function diffSet(path: string, before: Plain[], after: Plain[]): Inner[] {
  const removed = before.filter((one) => !after.includes(one))
  const added = after.filter((one) => !before.includes(one))
  return [
    ...removed.map((one): Inner => ({ path, kind: 'removed', before: shown(one) })),
    ...added.map((one): Inner => ({ path, kind: 'added', after: shown(one) })),
  ]
}

function diffPlain(path: string, before: Plain, after: Plain): Inner[] {
  if (canonical(before) === canonical(after)) return []
  if (isMap(before) && isMap(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    return keys.flatMap((key) => diffKey(path === '' ? key : `${path}/${key}`, before[key], after[key]))
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length)
    return Array.from({ length }, (_, index) => diffKey(`${path}/${index}`, before[index], after[index])).flat()
  }
  return [{ path, kind: 'changed', before: shown(before), after: shown(after) }]
}

function diffKey(path: string, before: Plain | undefined, after: Plain | undefined): Inner[] {
  if (before === undefined) return after === undefined ? [] : [{ path, kind: 'added', after: shown(after) }]
  if (after === undefined) return [{ path, kind: 'removed', before: shown(before) }]
  return diffPlain(path, before, after)
}

function shown(value: Plain): string {
  return cut(typeof value === 'string' ? value : JSON.stringify(value))
}
