import { cut, suggest } from '../report/suggest.ts'
import { maxAutoReruns } from '../steps/vocabulary.ts'
import { get, isNull, isString, pairs, typeName, type YMap, type YNode } from '../yaml/nodes.ts'
import { type JsonSchema, orNull, ref, templatePattern, withDescription } from './schema.ts'
import {
  anything,
  described,
  isOpen,
  list,
  map,
  missing,
  needsModern,
  oneOrList,
  type Shape,
  type ShapeContext,
  shape,
  string,
  text,
  unchecked,
  wrongType,
} from './shape.ts'
import { checkSteps } from './steps.ts'

const specifiers = map({
  only: described('Names, or /patterns/ that fit the whole name.', oneOrList(text)),
  ignore: described('Names, or /patterns/ that fit the whole name.', oneOrList(text)),
})
export const filterMap = map(
  { branches: described('Branches it runs on.', specifiers), tags: described('Tags it runs on.', specifiers) },
  { hints: { branch: 'did you mean "branches"?', tag: 'did you mean "tags"?' } },
)

const filters: Shape = shape({ anyOf: [{ type: 'string' }, filterMap.schema] }, (node, context) => {
  if (isString(node)) return
  filterMap(node, context)
})

const matrix = map(
  {
    parameters: described(
      'Lists of values; the job runs once for every combination.',
      unchecked({ type: 'object', additionalProperties: list(anything, 1).schema }),
    ),
    exclude: described('Combinations to leave out; each names every parameter.', list(anything)),
    alias: described('Name by which others require all of them.', string),
  },
  { required: ['parameters'] },
)

/** Keys of an entry that are not arguments (spec: config-language.md 16.4). */
export const entryKeys = [
  'name',
  'type',
  'requires',
  'filters',
  'context',
  'matrix',
  'pre-steps',
  'post-steps',
  'serial-group',
  'override-with',
]

const modernEntryKeys = ['name', 'matrix', 'pre-steps', 'post-steps', 'serial-group', 'override-with']

const statusWords = '^(?:success|failed|canceled|unauthorized|not_run)$'

const requiresSchema: JsonSchema = {
  type: ['array', 'string', 'number'],
  items: {
    type: ['string', 'number', 'object'],
    minProperties: 1,
    maxProperties: 1,
    additionalProperties: {
      anyOf: [
        { type: 'string', pattern: `${statusWords}|^terminal$|${templatePattern}` },
        { type: 'array', items: { type: 'string', pattern: `${statusWords}|${templatePattern}` }, minItems: 1 },
      ],
    },
  },
}

const requires: Shape = shape(requiresSchema, (node, context) => {
  if (isOpen(node, context)) return
  if (node.kind === 'seq') return
  if (node.kind === 'map') return wrongType(node, 'list', context)
  context.world.report.add('W926', node, '`requires` is a single value where a list is expected')
  string(node, context)
})

/** The `workflows` block: every workflow's form, also of those that will not run (spec: config-language.md 16). */
export function checkWorkflows(node: YNode, commands: ReadonlySet<string>, context: ShapeContext): void {
  if (node.kind !== 'map') wrongType(node, 'map', context)
  for (const [name, { key, value }] of pairs(node)) {
    if (name === '') context.world.report.add('C120', key, 'Invalid workflow name: it is empty')
    if (name !== 'version') workflow(value, name, commands, context)
  }
}

/** A condition, which in a workflow may be an expression too: as text, like any other text. */
function conditionSchema(description: string): JsonSchema {
  return { allOf: [ref('logic')], not: { type: 'object', required: ['condition'] }, description }
}

const scheduleSchema: JsonSchema = {
  type: 'object',
  required: ['schedule'],
  properties: {
    schedule: {
      description: 'When it runs, and for which branches.',
      type: 'object',
      required: ['cron', 'filters'],
      properties: {
        cron: { type: 'string', description: 'Minute, hour, day of month, month and day of week, in UTC.' },
        filters: { ...filterMap.schema, required: ['branches'] },
      },
    },
  },
  additionalProperties: false,
}

export const workflowSchema: JsonSchema = {
  type: 'object',
  properties: {
    jobs: withDescription(ref('entries'), 'The jobs, each with what it requires.'),
    when: conditionSchema('Run the workflow only if this is true.'),
    unless: conditionSchema('Run the workflow only if this is false.'),
    triggers: { type: ['array', 'null'], items: scheduleSchema, description: 'Run it on a schedule, not on pushes.' },
    max_auto_reruns: orNull({ ...maxAutoReruns.schema, description: 'How often its failed jobs are tried again.' }),
    'serial-group': false,
  },
  required: ['jobs'],
  not: { required: ['when', 'unless'] },
}

const workflowKeys = ['jobs', 'when', 'unless', 'triggers', 'max_auto_reruns']

function workflow(node: YNode, name: string, commands: ReadonlySet<string>, context: ShapeContext): void {
  const { report, modern } = context.world
  if (node.kind !== 'map') {
    wrongType(node, 'map', context, workflowHint(name))
    return
  }
  for (const [key, pair] of node.entries) {
    if (key === 'serial-group') {
      report.add('C502', pair.key, '`serial-group` is not supported on workflows; use it on jobs or job groups')
    } else if (!workflowKeys.includes(key)) {
      if (!node.entries.has('jobs') && suggest(key, ['jobs']).length > 0) continue
      const hint = report.didYouMean(key, workflowKeys)
      report.add('W921', pair.key, `Unknown key ${cut(key)} ignored`, hint === undefined ? {} : { hint })
    } else if (!modern && (key === 'when' || key === 'unless')) {
      report.add('C111', pair.key, `Key ${key} requires \`version: 2.1\``)
    }
  }
  const unless = node.entries.get('unless')
  if (unless && node.entries.has('when')) {
    report.add('C501', unless.key, `Workflow ${cut(name)} has both \`when\` and \`unless\``)
  }
  const reruns = get(node, 'max_auto_reruns')
  if (reruns && !isNull(reruns)) maxAutoReruns(reruns, context)
  const jobs = get(node, 'jobs')
  if (!jobs) missing(node, 'jobs', workflowKeys, { open: true }, context)
  else entryList(commands)(jobs, context)
}

function workflowHint(name: string): string {
  if (name !== 'jobs') return `put the list under \`jobs\`: "${cut(name)}:" and below it "jobs:"`
  return 'a workflow needs a name: "workflows:", below it "main:", and below that "jobs:"'
}

/** The list of jobs of a workflow or a job group. */
export function entryList(commands: ReadonlySet<string>): Shape {
  return list(
    shape({}, (entry, context) => checkEntry(entry, commands, context)),
    1,
  )
}

/** Checks the form of one entry of a list of jobs. */
function checkEntry(node: YNode, commands: ReadonlySet<string>, context: ShapeContext): void {
  const { report } = context.world
  if (isString(node)) return
  if (node.kind !== 'map') {
    wrongType(node, 'string or map', context)
    return
  }
  if (node.entries.size !== 1) {
    const keys = [...node.entries.keys()]
    const hint = `indent the keys under the name of the job, like "- ${keys[0] ?? 'job'}:\\n    requires: …"`
    const message = `A job entry must have exactly one key, found ${cut(keys.join(', ')) || 'none'}`
    report.add('C510', node, message, { hint })
    return
  }
  for (const { value } of node.entries.values()) {
    if (value.kind === 'map') checkEntryBody(value, commands, context)
    else if (!isNull(value)) wrongType(value, 'map', context)
  }
}

const entryType: Shape = shape({ enum: ['approval'] }, (node, context) => {
  if (isString(node) && node.value === 'approval') return
  const found = node.kind === 'scalar' ? cut(node.text) : typeName(node)
  const message = `Job type ${found} belongs in the \`jobs\` section; only \`approval\` may be written here`
  context.world.report.add('C511', node, message, { stack: context.stack })
})

/** The keys of an entry that hold steps are checked apart: what names mean in them depends on the config. */
const entryShapes: Record<string, Shape> = {
  name: described('Name of this use of the job.', text),
  type: described('approval: a person has to approve.', entryType),
  requires: described('Jobs that have to end before: well, or with the statuses that are given.', requires),
  filters: described('Branches and tags that it runs on, or an expression.', filters),
  context: described('Contexts that give it variables; later ones win.', oneOrList(text)),
  matrix: described('Run the job once for every combination of values.', matrix),
  'pre-steps': described("Steps before the job's own.", unchecked(ref('steps'))),
  'post-steps': described("Steps after the job's own.", unchecked(ref('steps'))),
  'serial-group': described('Only one job of the group runs at a time, in all pipelines.', text),
  'override-with': described("An orb's job to run instead.", string),
}

const entrySchema: JsonSchema = {
  type: ['string', 'object'],
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: {
    type: ['object', 'null'],
    properties: Object.fromEntries(Object.entries(entryShapes).map(([key, { schema }]) => [key, orNull(schema)])),
  },
}

export const entriesSchema: JsonSchema = { type: 'array', items: entrySchema, minItems: 1 }

function checkEntryBody(node: YMap, commands: ReadonlySet<string>, context: ShapeContext): void {
  for (const [key, { value }] of node.entries) {
    const of = Object.hasOwn(entryShapes, key) ? entryShapes[key] : undefined
    if (of && !isNull(value)) {
      if (key === 'pre-steps' || key === 'post-steps') checkSteps(value, commands, context)
      else of(value, context)
    }
    if (!context.world.modern && modernEntryKeys.includes(key)) needsModern(node, key, context)
  }
}
