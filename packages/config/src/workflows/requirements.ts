import type { RequiredStatus } from '../plan.ts'
import { cut } from '../report/suggest.ts'
import type { Env } from '../scope/types.ts'
import { evaluateNode } from '../templates/evaluate.ts'
import { textOf } from '../templates/text.ts'
import { isBroken, isNull, items, pairs, typeName, type YNode } from '../yaml/nodes.ts'
import type { CompiledWorkflow, Invocation, Requirement } from './invocation.ts'

/** Of the budget: every job of a matrix can require every one of another. */
const costOfRequirement = 200
const onSuccess: RequiredStatus[] = ['success']
const statuses: RequiredStatus[] = ['success', 'failed', 'canceled', 'unauthorized', 'not_run']

/** Reads the items of a `requires` in the scope of its entry (spec: config-language.md 16.5). */
export function readRequirements(written: YNode | undefined, env: Env): Requirement[] {
  if (!written) return []
  const value = evaluateNode(written, env)
  const requirements: Requirement[] = []
  for (const item of value.kind === 'seq' ? value.items : [value]) {
    const requirement = readItem(item, env)
    if (requirement) requirements.push(requirement)
  }
  return requirements
}

function readItem(node: YNode, env: Env): Requirement | undefined {
  if (isBroken(node) || isNull(node)) return undefined
  if (node.kind === 'scalar') return { node, name: textOf(node) ?? '', statuses: onSuccess }
  const entry = node.kind === 'map' && node.entries.size === 1 ? pairs(node)[0] : undefined
  if (!entry) {
    env.world.report.add(
      'C202',
      node,
      `expected type: name of a job, or a map with one key, found: ${typeName(node)}`,
      {
        stack: env.stack,
      },
    )
    return undefined
  }
  const [name, { value }] = entry
  const accepted = readStatuses(value)
  if (accepted) return { node, name, statuses: accepted }
  const found =
    value.kind === 'scalar'
      ? cut(value.text)
      : cut(
          items(value)
            .map((item) => textOf(item))
            .join(', '),
        )
  const message = `Invalid status ${found || 'list'}; expected ${statuses.join(', ')}, or terminal alone`
  env.world.report.add('C520', value, message, { stack: env.stack })
  return undefined
}

function readStatuses(node: YNode): RequiredStatus[] | undefined {
  if (node.kind === 'scalar' && node.value === 'terminal') return [...statuses]
  const words = node.kind === 'seq' ? node.items.map(textOf) : [textOf(node)]
  const found = statuses.filter((status) => words.includes(status))
  return words.length > 0 && words.every((word) => found.some((status) => status === word)) ? found : undefined
}

/** The names that requirements in one place can mean: of the jobs of a workflow, or of the members of one job group. */
class Names {
  readonly byName = new Map<string, Invocation[]>()
  readonly byAlias = new Map<string, Map<YNode, Invocation[]>>()

  add(name: string, one: Invocation): void {
    add(this.byName, name, one)
    if (!one.matrix) return
    const groups = this.byAlias.get(one.matrix.alias) ?? new Map<YNode, Invocation[]>()
    add(groups, one.entry, one)
    this.byAlias.set(one.matrix.alias, groups)
  }
}

/** Points every requirement of a workflow at the jobs it means; names are requested names. */
export function resolveRequirements(workflow: CompiledWorkflow, env: Env): void {
  const outer = new Names()
  const inner = new Map<object, Names>()
  for (const one of workflow.invocations) {
    const { group } = one
    if (!group) outer.add(one.requested, one)
    // The name of a group means its exit job.
    if (group?.role === 'end') outer.add(group.local, one)
    if (group?.role !== 'member') continue
    const names = inner.get(group.instance) ?? new Names()
    names.add(group.local, one)
    inner.set(group.instance, names)
  }
  for (const one of workflow.invocations) {
    if (one.requires.length === 0) continue
    const names = (one.group?.role === 'member' ? inner.get(one.group.instance) : undefined) ?? outer
    const seen = new Map<string, Requirement>()
    for (const requirement of one.requires) {
      const earlier = seen.get(requirement.name)
      if (earlier) checkRepeated(earlier, requirement, env)
      else resolve(one, requirement, names, workflow, env)
      seen.set(requirement.name, requirement)
    }
  }
}

function add<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

function checkRepeated(first: Requirement, second: Requirement, env: Env): void {
  if (first.statuses.join() === second.statuses.join()) return
  const related = [{ message: 'required here first', node: first.node }]
  const message = `Job ${cut(second.name)} is required twice with different statuses`
  env.world.report.add('C522', second.node, message, { stack: env.stack, related })
}

function resolve(
  invocation: Invocation,
  { name, node, statuses: accepted }: Requirement,
  names: Names,
  workflow: CompiledWorkflow,
  env: Env,
): void {
  const single = (names.byName.get(name) ?? []).filter((other) => other !== invocation)
  const groups = names.byAlias.get(name)
  const matrices = groups ? [...groups].filter(([entry]) => entry !== invocation.entry) : []
  // A member whose own name is its alias is found both ways: count it once, as the matrix.
  const alone = single.filter((other) => !matrices.some(([, members]) => members.includes(other)))
  const count = alone.length + matrices.length
  const found = alone[0] ? [alone[0]] : matrices[0]?.[1]
  if (count === 1 && found) {
    env.world.budget.spend(costOfRequirement * found.length, node)
    for (const on of found) invocation.dependencies.push({ on, statuses: accepted })
    warnImpossible(found, accepted, node, env)
    return
  }
  const { report } = env.world
  const { stack } = env
  if (count === 0 && reportGroupBoundary(invocation, name, node, workflow, env)) return
  const number = alone.length + matrices.reduce((sum, [, members]) => sum + members.length, 0)
  const message = `Job '${cut(invocation.requested)}' requires '${cut(name)}', which is the name of ${number} other jobs in workflow '${cut(workflow.name)}'`
  const hint = count > 1 ? 'give the jobs distinct `name`s' : near(name, names, env)
  report.add('C521', node, message, { stack, ...(hint && { hint }) })
}

/** Requirements do not cross the border of a job group; whether one tried to, which has then been reported. */
function reportGroupBoundary(
  one: Invocation,
  name: string,
  node: YNode,
  workflow: CompiledWorkflow,
  env: Env,
): boolean {
  const { report } = env.world
  const { stack } = env
  if (one.group?.role === 'member') {
    const { definition } = one.group.instance
    const message = `Job ${cut(one.group.local)} in group ${cut(definition)} requires ${cut(name)}, which is outside the group`
    report.add('C571', node, message, { stack })
    return true
  }
  const member = workflow.invocations.find(
    ({ group, requested }) => group?.role === 'member' && (requested === name || group.local === name),
  )
  if (!member?.group) return false
  const message = `Job ${cut(name)} is inside job group ${cut(member.group.instance.name)}; require the group instead`
  report.add('C523', node, message, { stack })
  return true
}

function warnImpossible(found: Invocation[], accepted: RequiredStatus[], node: YNode, env: Env): void {
  const [only] = found
  if (only?.group?.role !== 'end' || accepted.length === statuses.length) return
  if (accepted.every((status) => status === 'success' || status === 'not_run')) return
  const message = `A job group can only end as success or not_run: ${cut(only.group.local)}`
  env.world.report.add('W931', node, message, { stack: env.stack })
}

/** Names like the one that was not found. */
function near(name: string, { byName, byAlias }: Names, env: Env): string | undefined {
  return env.world.report.didYouMean(name, [...byName.keys(), ...byAlias.keys()])
}
