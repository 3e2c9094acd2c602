import type { RequiredStatus } from '../plan.ts'
import { cut } from '../report/suggest.ts'
import type { Env } from '../scope/types.ts'
import { evaluateNode } from '../templates/evaluate.ts'
import { textOf } from '../templates/text.ts'
import { compileEntry, type Entry, gate, readEntries } from '../workflows/entry.ts'
import { evaluateFilters } from '../workflows/filters.ts'
import type { GroupPart, Invocation } from '../workflows/invocation.ts'
import { readRequirements } from '../workflows/requirements.ts'
import { keyedJob, serialKey, terminal } from '../workflows/serial.ts'
import { get, getPresent, pairs, type YNode } from '../yaml/nodes.ts'

const allowedKeys = ['name', 'requires', 'filters', 'serial-group']

/** The definition of a job group that an entry invokes, if it does. */
export function groupOf(entry: Entry, env: Env): YNode | undefined {
  return env.world.modern ? getPresent(getPresent(env.unit.root, 'job-groups'), entry.reference) : undefined
}

/** Inlines a group between an entry and an exit job (spec: config-language.md 18). */
export function expandGroup(entry: Entry, group: YNode, workflow: string, env: Env): Invocation[] {
  const { report } = env.world
  for (const [key, pair] of pairs(entry.body)) {
    if (allowedKeys.includes(key)) continue
    report.add('C574', pair.key, `\`${cut(key)}\` is not allowed when invoking a job group`, { stack: env.stack })
  }
  const explicit = explicitName(entry, env)
  const name = explicit ?? entry.reference
  const instance: GroupPart['instance'] = { name, definition: entry.reference }
  const key = serialKey(getPresent(entry.body, 'serial-group'), env)
  const start = boundary(entry, workflow, `${name}/group-start`, { instance, role: 'start', local: name }, env)
  start.requires = readRequirements(getPresent(entry.body, 'requires'), env)
  if (key !== undefined) start.job = keyedJob('lock', key)
  const members = readEntries(get(group, 'jobs'), env).flatMap((inner) => compileEntry(inner, workflow, env))
  for (const member of members) {
    member.group = { instance, role: 'member', local: member.requested }
    if (explicit !== undefined) member.requested = `${explicit}-${member.requested}`
  }
  const end = boundary(entry, workflow, `${name}/group-end`, { instance, role: 'end', local: name }, env)
  if (key === undefined) return [start, ...members, end]
  const part: GroupPart = { instance, role: 'unlock', local: name }
  const unlock = boundary(entry, workflow, `${name}/serial-group-end`, part, env)
  unlock.job = keyedJob('unlock', key)
  return [start, ...members, end, unlock]
}

function explicitName(entry: Entry, env: Env): string | undefined {
  const written = getPresent(entry.body, 'name')
  return written && textOf(evaluateNode(written, env))
}

function boundary(entry: Entry, workflow: string, name: string, group: GroupPart, env: Env): Invocation {
  return {
    workflow,
    entry: entry.at,
    definition: entry.reference,
    requested: name,
    requires: [],
    contexts: [],
    filters: evaluateFilters(getPresent(entry.body, 'filters'), env),
    job: gate('no-op'),
    synthetic: 'job-group',
    group,
    final: name,
    dependencies: [],
  }
}

/** A group invoked more than once in a workflow needs a distinct name on every invocation (C575). */
export function checkGroupNames(entries: Entry[], workflow: string, env: Env): void {
  const seen = new Map<string, (string | undefined)[]>()
  for (const entry of entries) {
    if (!groupOf(entry, env)) continue
    const names = seen.get(entry.reference) ?? []
    const name = explicitName(entry, env)
    if (names.length > 0 && (name === undefined || names.includes(name) || names.includes(undefined))) {
      const message = `Job group ${entry.reference} is invoked more than once in ${cut(workflow)}; give every invocation a distinct \`name\``
      env.world.report.add('C575', entry.at, message, { stack: env.stack })
    }
    seen.set(entry.reference, [...names, name])
  }
}

/** Hangs the members of every group between its boundary jobs; their requirements are resolved by now. */
export function linkGroups(invocations: Invocation[]): void {
  const success: RequiredStatus[] = ['success']
  for (const end of invocations.filter(({ group }) => group?.role === 'end')) {
    const parts = invocations.filter(({ group }) => group?.instance === end.group?.instance)
    const start = parts.find(({ group }) => group?.role === 'start')
    const members = parts.filter(({ group }) => group?.role === 'member')
    const required = new Set(members.flatMap((one) => one.dependencies.map(({ on }) => on)))
    for (const member of members) {
      if (!required.has(member)) end.dependencies.push({ on: member, statuses: success })
      if (start && member.dependencies.length === 0) member.dependencies.push({ on: start, statuses: success })
    }
    const unlock = parts.find(({ group }) => group?.role === 'unlock')
    unlock?.dependencies.push({ on: end, statuses: terminal })
  }
}
