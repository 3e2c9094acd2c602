import type { BranchFilter, Plan } from '../plan.ts'
import { cut } from '../report/suggest.ts'
import type { Env } from '../scope/types.ts'
import { filterMap } from '../shape/workflow.ts'
import { evaluateNode } from '../templates/evaluate.ts'
import { textOf } from '../templates/text.ts'
import { get, getPresent, isString, items, pairs, typeName, type YNode } from '../yaml/nodes.ts'
import { branchPasses } from './filters.ts'

type Schedule = Plan['schedules'][number]

const cronHint = 'minute, hour, day of month, month and day of week in UTC, for example "0 4 * * 1-5"'

/** Of the budget, about what a schedule takes of the memory in characters. */
const costOfTrigger = 4096

/** The schedules of a workflow with `triggers`, for the branch that holds the config (spec: config-language.md 16.3). */
export function readTriggers(written: YNode, workflow: string, env: Env): Schedule[] {
  const { report } = env.world
  const { stack } = env
  if (written.kind !== 'seq') report.add('C202', written, `expected type: list, found: ${typeName(written)}`, { stack })
  const schedules: Schedule[] = []
  for (const trigger of items(written)) {
    env.world.budget.spend(costOfTrigger, trigger)
    if (trigger.kind !== 'map')
      report.add('C202', trigger, `expected type: map, found: ${typeName(trigger)}`, { stack })
    for (const [key, pair] of pairs(trigger)) {
      if (key !== 'schedule') {
        report.add('C503', pair.key, `Unknown trigger ${cut(key)}; only \`schedule\` is supported`, { stack })
        continue
      }
      const schedule = readSchedule(evaluateNode(pair.value, env), workflow, env)
      if (schedule) schedules.push(schedule)
    }
  }
  return schedules
}

function readSchedule(node: YNode, workflow: string, env: Env): Schedule | undefined {
  const { report } = env.world
  const { stack } = env
  const filters = getPresent(node, 'filters')
  const cron = getPresent(node, 'cron')
  if (!cron) report.add('C203', node, 'required key [cron] not found', { stack })
  else if (!isString(cron)) report.add('C202', cron, `expected type: string, found: ${typeName(cron)}`, { stack })
  if (!filters) report.add('C203', node, 'required key [filters] not found', { stack })
  else if (get(filters, 'branches')) filterMap(filters, { world: env.world, wildcards: false, stack })
  else report.add('C203', filters, 'required key [branches] not found', { stack })
  if (!cron || !isString(cron)) return undefined
  const problem = cronProblem(cron.value)
  if (problem) report.add('C504', cron, `Unsupported cron expression: ${problem}`, { stack, hint: cronHint })
  const branches = getPresent(filters, 'branches')
  if (!branchPasses(branches, env)) return undefined
  return { workflow, cron: cron.value.trim(), branches: branchFilter(branches) }
}

function branchFilter(node: YNode | undefined): BranchFilter {
  const only = getPresent(node, 'only')
  const ignore = getPresent(node, 'ignore')
  return { ...(only && { only: texts(only) }), ...(ignore && !only && { ignore: texts(ignore) }) }
}

function texts(node: YNode): string[] {
  return (node.kind === 'seq' ? node.items : [node]).map((item) => textOf(item) ?? '')
}

const fields = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, words: 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ') },
  { name: 'day of week', min: 0, max: 7, words: 'SUN MON TUE WED THU FRI SAT'.split(' ') },
]

function cronProblem(text: string): string | undefined {
  const parts = text.trim().split(/\s+/)
  if (parts.length !== fields.length) return `expected 5 fields, found ${parts.length}`
  for (const [index, field] of fields.entries()) {
    const problem = fieldProblem(parts[index] ?? '', field)
    if (problem) return `${problem} in ${field.name} "${cut(parts[index] ?? '')}"`
  }
  return undefined
}

function fieldProblem(text: string, field: (typeof fields)[number]): string | undefined {
  if (text === '*') return undefined
  if (text.includes('/')) return 'step syntax'
  const range = /^(\d+)-(\d+)$/.exec(text)
  if (range) {
    const inside = within(Number(range[1]), field) && within(Number(range[2]), field)
    return inside ? undefined : 'a number out of range'
  }
  if (text.includes('-')) return text.includes(',') ? 'a range inside a list' : 'a range of names'
  for (const one of text.split(',')) {
    if (/^\d+$/.test(one) ? within(Number(one), field) : field.words?.includes(one.toUpperCase())) continue
    return 'an unknown value'
  }
  return undefined
}

function within(value: number, { min, max }: { min: number; max: number }): boolean {
  return value >= min && value <= max
}
