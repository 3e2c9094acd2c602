import { cut, suggest } from '../report/suggest.ts'
import type { World } from '../scope/types.ts'
import { builtins } from '../steps/vocabulary.ts'
import { get, getPresent, isNull, isString, keyOf, pairs, type YMap, type YNode } from '../yaml/nodes.ts'
import { executor } from './executor.ts'
import { checkGroups } from './groups.ts'
import { emptySteps, isEmptyList, job } from './job.ts'
import { parameterBlock } from './parameters.ts'
import { type JsonSchema, ref } from './schema.ts'
import {
  anything,
  described,
  map,
  mapOf,
  missing,
  type Shape,
  type ShapeContext,
  shape,
  unchecked,
  wrongType,
} from './shape.ts'
import { checkSteps } from './steps.ts'
import { checkWorkflows } from './workflow.ts'

export const topKeys = [
  'version',
  'setup',
  'orbs',
  'parameters',
  'commands',
  'executors',
  'jobs',
  'job-groups',
  'workflows',
  'description',
  'display',
  'examples',
  'name',
  'experimental',
]

export const modernKeys = ['orbs', 'commands', 'executors', 'parameters', 'job-groups', 'setup']

/** Checks the form of the whole config, templates standing for anything; every fault is reported (phase P3). */
export function checkConfig(root: YMap, world: World): void {
  const { report, modern } = world
  for (const [key, { key: keyNode, value }] of root.entries) {
    if (!modern && modernKeys.includes(key)) report.add('C111', keyNode, `Key ${key} requires \`version: 2.1\``)
    if (topKeys.includes(key) || value.kind !== 'map') continue
    const near = suggest(key, topKeys)
    if (near.length === 0) continue
    report.add('W901', keyNode, `Unknown top-level key ${cut(key)}`, { hint: `did you mean "${near[0]}"?` })
  }
  const setup = getPresent(root, 'setup')
  const context: ShapeContext = { world, wildcards: true }
  if (setup && !(setup.kind === 'scalar' && typeof setup.value === 'boolean')) wrongType(setup, 'boolean', context)
  checkElements(root, context)
  warnBranches(root, world)
  const commands = commandNames(root)
  if (modern) checkGroups(root, commands, context)
  const block = get(root, 'workflows')
  if (block && !isNull(block)) checkWorkflows(block, commands, context)
}

/** Job-level `branches` counts only in a version 2.0 config without workflows (spec: config-language.md 4). */
function warnBranches(root: YMap, { modern, report }: World): void {
  if (!modern && !getPresent(root, 'workflows')) return
  for (const [, { value }] of pairs(getPresent(root, 'jobs'))) {
    const key = value.kind === 'map' ? value.entries.get('branches')?.key : undefined
    if (key) report.add('W924', key, 'Job-level `branches` is ignored', { hint: 'use `filters` in a workflow' })
  }
}

/** Checks the element blocks of a config or an orb body. */
export function checkElements(root: YMap, context: ShapeContext): void {
  const commands = context.world.modern ? commandNames(root) : new Set<string>()
  block(root, 'jobs', job(commands), context)
  if (!context.world.modern) return
  block(root, 'parameters', anything, context)
  block(root, 'executors', executor, context)
  block(root, 'commands', command(commands), context)
}

function block(root: YMap, key: string, shape: Shape, context: ShapeContext): void {
  const node = getPresent(root, key)
  if (node) mapOf(shape)(node, context)
}

function commandNames(root: YMap): Set<string> {
  return new Set(pairs(getPresent(root, 'commands')).map(([name]) => name))
}

const commandKeys = {
  steps: described('What it does, in order.', unchecked(ref('steps'))),
  parameters: parameterBlock('command'),
  description: described('What it is for.', anything),
}
const commandMap = map(commandKeys)

export const commandSchema: JsonSchema = {
  anyOf: [{ type: 'string' }, { ...commandMap.schema, type: 'object', required: ['steps'] }],
}

function command(commands: ReadonlySet<string>): Shape {
  return shape(ref('command'), (node, context) => {
    if (isString(node)) return
    if (node.kind !== 'map') return wrongType(node, 'map', context)
    commandMap(node, context)
    const steps = get(node, 'steps')
    const message = 'required key [steps] not found'
    if (!steps) missing(node, 'steps', Object.keys(commandKeys), {}, context, 'C227', message)
    else if (isNull(steps)) context.world.report.add('C227', keyOf(steps), message, { hint: emptySteps })
    else if (isEmptyList(steps)) context.world.report.add('C228', steps, '`steps` is empty')
    else checkSteps(steps, withoutSelf(commands, node), context)
  })
}

/** In the body of a command named like a built-in, that name means the built-in (5.2). */
function withoutSelf(commands: ReadonlySet<string>, node: YNode): ReadonlySet<string> {
  if (typeof node.key !== 'string' || !builtins.has(node.key)) return commands
  const others = new Set(commands)
  others.delete(node.key)
  return others
}
