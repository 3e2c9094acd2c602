import { cut } from '../report/suggest.ts'
import { get, getPresent, isNull, isString, items, pairs, type YMap, type YNode } from '../yaml/nodes.ts'
import { type ShapeContext, wrongType } from './shape.ts'
import { entryList } from './workflow.ts'

export const groupName = /^[A-Za-z][A-Za-z\s\d_-]*$/

/** Checks the definitions of job groups (spec: config-language.md 18). */
export function checkGroups(root: YMap, commands: ReadonlySet<string>, context: ShapeContext): void {
  const block = getPresent(root, 'job-groups')
  if (!block) return
  if (block.kind !== 'map') {
    wrongType(block, 'map', context)
    return
  }
  const { report } = context.world
  const jobs = getPresent(root, 'jobs')
  const invoked = invokedNames(root)
  for (const [name, { key, value }] of block.entries) {
    if (!groupName.test(name)) {
      report.add('C120', key, `Invalid job group name ${cut(name)}: must match ${groupName.source}`)
    }
    const job = jobs?.kind === 'map' ? jobs.entries.get(name) : undefined
    if (job) {
      const related = [{ message: 'the job', node: job.key }]
      report.add('C576', key, `${cut(name)} is defined in both \`jobs\` and \`job-groups\``, { related })
    }
    checkGroup(value, block, commands, context)
    if (!invoked.has(name)) report.add('W933', key, `Job group ${cut(name)} is never used`)
  }
}

/** Names that entries of workflows give, also of those that will not run. */
function invokedNames(root: YMap): Set<string> {
  const workflows = pairs(getPresent(root, 'workflows'))
  const entries = workflows.flatMap(([, { value }]) => items(get(value, 'jobs')))
  return new Set(entries.map((entry) => (isString(entry) ? entry.value : (pairs(entry)[0]?.[0] ?? ''))))
}

function checkGroup(node: YNode, groups: YMap, commands: ReadonlySet<string>, context: ShapeContext): void {
  const { report } = context.world
  if (node.kind !== 'map') {
    wrongType(node, 'map', context)
    return
  }
  for (const [key, pair] of node.entries) {
    if (key !== 'jobs') report.add('C570', pair.key, `A job group may contain only \`jobs\`, found ${cut(key)}`)
  }
  const jobs = getPresent(node, 'jobs')
  if (!jobs) {
    report.add('C203', node, 'required key [jobs] not found')
    return
  }
  entryList(commands)(jobs, context)
  for (const entry of items(jobs)) checkMember(entry, groups, context)
}

function checkMember(entry: YNode, groups: YMap, context: ShapeContext): void {
  const { report } = context.world
  const [name, pair] = pairs(entry)[0] ?? []
  const reference = isString(entry) ? entry.value : name
  if (reference !== undefined && groups.entries.has(reference)) {
    report.add('C573', entry, `Job groups cannot be nested: ${cut(reference)} is a job group`)
  }
  const body = pair?.value
  const serial = body?.kind === 'map' ? body.entries.get('serial-group') : undefined
  if (serial && !isNull(serial.value)) {
    report.add('C572', serial.key, '`serial-group` is not allowed inside a job group')
  }
}
