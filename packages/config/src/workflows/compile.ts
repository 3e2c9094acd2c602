import { calling } from '../elements/find.ts'
import { findCycle, topologicalOrder } from '../graph/order.ts'
import { checkGroupNames, expandGroup, groupOf, linkGroups } from '../groups/expand.ts'
import type { Plan } from '../plan.ts'
import { Abandon } from '../report/collector.ts'
import { cut } from '../report/suggest.ts'
import type { Env } from '../scope/types.ts'
import { maxAutoReruns as maxAutoRerunsShape } from '../steps/vocabulary.ts'
import { evaluateNode } from '../templates/evaluate.ts'
import { get, getPresent, isInteger, makeMap, makeSeq, pairs, scalarAt, type YMap, type YNode } from '../yaml/nodes.ts'
import { survives } from './conditions.ts'
import { compileEntry, readEntries } from './entry.ts'
import { branchPasses, evaluateFilters } from './filters.ts'
import type { CompiledWorkflow, Invocation } from './invocation.ts'
import { nameJobs } from './naming.ts'
import { resolveRequirements } from './requirements.ts'
import { expandSerialGroups, warnRepeatedKeys } from './serial.ts'
import { readTriggers } from './triggers.ts'

const maxContexts = 100
/** Default of the installation's limit of jobs in one workflow. */
const maxJobs = 5000

/** Of the budget, about what a workflow takes of the memory in characters. */
const costOfWorkflow = 2048

export interface SelectedWorkflow {
  name: string
  key: YNode
  node: YMap
  env: Env
}

/** The workflows whose conditions hold, or the implicit one; `none` tells that the config names nothing to run. */
export function selectWorkflows(root: YMap, env: Env): { selected: SelectedWorkflow[]; none: boolean } {
  const block = root.entries.get('workflows')
  if (!block) {
    const implicit = implicitWorkflow(root, env)
    return implicit ? { selected: [implicit], none: false } : { selected: [], none: true }
  }
  const selected: SelectedWorkflow[] = []
  for (const [name, { key, value }] of pairs(block.value)) {
    if (name === 'version' || value.kind !== 'map') continue
    const at = { ...key, parent: block.value, key: name }
    const scope = calling(env, 'workflow', name, at)
    if (!env.world.modern || survives(value, scope)) selected.push({ name, key: at, node: value, env: scope })
  }
  return { selected, none: false }
}

/** Without `workflows`, a job named `build` is run by itself (16.13). */
function implicitWorkflow(root: YMap, env: Env): SelectedWorkflow | undefined {
  const jobs = getPresent(root, 'jobs')
  const build = jobs?.kind === 'map' ? jobs.entries.get('build') : undefined
  if (!build) return undefined
  const at: YNode = { ...build.key, parent: jobs, key: 'build' }
  const list = makeSeq(at, [scalarAt(at, 'build')])
  const node = makeMap(at, new Map([['jobs', { key: build.key, value: list }]]))
  return { name: 'workflow', key: at, node, env: calling(env, 'workflow', 'workflow', at) }
}

/** Expands every entry of a workflow (phase P8). */
export function expandWorkflow(selected: SelectedWorkflow): CompiledWorkflow {
  const { name, node, key, env } = selected
  env.world.budget.spend(costOfWorkflow, key)
  const invocations: Invocation[] = []
  const entries = readEntries(get(node, 'jobs'), env)
  const limit = env.world.options.maxJobsPerWorkflow ?? maxJobs
  if (entries.length > limit) tooManyJobs(selected, entries.length, limit)
  checkGroupNames(entries, name, env)
  for (const entry of entries) {
    const group = groupOf(entry, env)
    for (const one of group ? expandGroup(entry, group, name, env) : compileEntry(entry, name, env)) {
      invocations.push(one)
    }
    env.world.budget.spend(64, entry.node)
    // A few entries too many are counted to the end; a flood of matrices is not.
    if (invocations.length > 2 * limit) tooManyJobs(selected, invocations.length, limit)
  }
  if (invocations.length > limit) tooManyJobs(selected, invocations.length, limit)
  const reruns = getPresent(node, 'max_auto_reruns')
  const evaluated = reruns && evaluateNode(reruns, env)
  if (evaluated) maxAutoRerunsShape(evaluated, { world: env.world, wildcards: false, stack: env.stack })
  if (!env.world.modern && !get(selected.node, 'version')) legacyBranches(invocations, selected)
  const maxAutoReruns = evaluated && isInteger(evaluated) ? evaluated.value : undefined
  return { name, node: key, invocations, ...(maxAutoReruns !== undefined && { maxAutoReruns }) }
}

/** Ends the compile: nothing that follows can be trusted to be small. */
function tooManyJobs({ name, key, env }: SelectedWorkflow, count: number, limit: number): never {
  const message = `Workflow ${cut(name)} has ${count} jobs; the limit is ${limit}`
  env.world.report.add('C603', key, message, { stack: env.stack, hint: 'split the workflow' })
  throw new Abandon()
}

/** Job-level `branches` counts only in a version 2.0 config without workflows (spec: config-language.md 4). */
function legacyBranches(invocations: Invocation[], { name, env }: SelectedWorkflow): void {
  if (name !== 'workflow' || getPresent(env.unit.root, 'workflows')) return
  for (const one of invocations) {
    const branches = getPresent(env.unit.jobs.get(one.definition)?.node, 'branches')
    if (branches) one.filters = { ...evaluateFilters(filtersOf(branches), env), runs: branchPasses(branches, env) }
  }
}

function filtersOf(branches: YNode): YNode {
  const key = scalarAt(branches, 'branches')
  return makeMap(branches, new Map([['branches', { key, value: branches }]]))
}

export function readSchedules(selected: SelectedWorkflow): Plan['schedules'] {
  const triggers = getPresent(selected.node, 'triggers')
  return triggers ? readTriggers(triggers, selected.name, selected.env) : []
}

/** Checks what spans all workflows and gives the jobs their names and dependencies (phase P9). */
export function linkWorkflows(workflows: { compiled: CompiledWorkflow; env: Env }[], at: YNode): void {
  const all = workflows.flatMap(({ compiled }) => compiled.invocations)
  checkContexts(all, workflows[0]?.env, at)
  nameJobs(all)
  for (const { compiled, env } of workflows) {
    resolveRequirements(compiled, env)
    linkGroups(compiled.invocations)
    warnRepeatedKeys(compiled, env)
    checkCycles(compiled, env)
    compiled.invocations = expandSerialGroups(compiled.invocations)
  }
  const locks = workflows.flatMap(({ compiled }) =>
    compiled.invocations.filter(({ synthetic }) => synthetic === 'serial-group'),
  )
  nameJobs(locks, new Set(all.map(({ final }) => final)))
}

function checkContexts(invocations: Invocation[], env: Env | undefined, at: YNode): void {
  const distinct = new Set(invocations.flatMap((one) => one.contexts))
  if (distinct.size <= maxContexts || !env) return
  env.world.report.add('C531', at, `More than ${maxContexts} distinct contexts: ${distinct.size}`)
}

function needs(invocation: Invocation): Invocation[] {
  return invocation.dependencies.map(({ on }) => on)
}

function checkCycles({ invocations }: CompiledWorkflow, env: Env): void {
  const { rest } = topologicalOrder(invocations, needs)
  if (rest.length === 0) return
  const cycle = findCycle(rest, needs)
  const names = cut(cycle.map((one) => one.final).join(' → '))
  const free = invocations.some((one) => one.dependencies.length === 0)
  const hint = free
    ? 'remove one of these requirements'
    : `At least one job in the workflow must have no dependencies; unreachable: ${cut(rest.map((one) => one.final).join(', '))}`
  const first = cycle[0]
  const node = first?.requires.find(({ name }) => name === cycle[1]?.requested)?.node ?? first?.entry
  if (node) env.world.report.add('C524', node, `Circular dependency: ${names}`, { stack: env.stack, hint })
}
