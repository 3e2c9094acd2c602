import { get, getPresent, isNull, isString, keyOf, stringOf, type YMap, type YNode } from '../yaml/nodes.ts'
import { countEnvironments, environmentRule, executorInvocation, imageKeys, placeKeys } from './executor.ts'
import { parameterBlock } from './parameters.ts'
import { type JsonSchema, orNull, ref, templatePattern } from './schema.ts'
import {
  anything,
  boolean,
  described,
  integer,
  isOpen,
  list,
  map,
  missing,
  needsModern,
  type Shape,
  type ShapeContext,
  shape,
  string,
  unchecked,
  word,
  wordOf,
  wrongType,
} from './shape.ts'
import { checkSteps } from './steps.ts'

const jobTypes = ['build', 'release', 'no-op', 'approval', 'lock', 'unlock']
const environments = ['docker', 'machine', 'macos']
const retentionPattern = /^([1-9]|1[0-5])d$/

const caches = word(
  { type: 'string', pattern: `${retentionPattern.source}|${templatePattern}` },
  (value) => typeof value === 'string' && retentionPattern.test(value),
  (node, { world, stack }) =>
    world.report.add('C236', node, `\`retention.caches\` does not match ${retentionPattern.source}`, { stack }),
)
const retention = map({ caches: described('Days that caches are kept: 1d to 15d.', caches) })

export const jobKeys: Record<string, Shape> = {
  type: described('What kind of job it is; the default is build.', unchecked({ enum: jobTypes })),
  description: described('What it is for.', anything),
  parameters: parameterBlock('job'),
  executor: described('Name of the executor that it runs on, or a map with `name` and arguments.', executorInvocation),
  ...placeKeys,
  steps: described('What it does, in order.', unchecked({ ...ref('steps') })),
  parallelism: described('How many copies run at the same time.', integer(1)),
  circleci_ip_ranges: described('Leave through known addresses.', boolean),
  retention: described('How long what it stores is kept.', retention),
  branches: described('Has an effect in version 2 without workflows only.', anything),
}

const buildJob = map(jobKeys, {
  hints: {
    max_auto_reruns: 'max_auto_reruns belongs to a workflow or a run step',
    ...Object.fromEntries(
      ['requires', 'filters', 'context', 'matrix', 'pre-steps', 'post-steps', 'serial-group'].map((key) => [
        key,
        `${key} belongs to an entry of a workflow: under \`workflows\`, "- <job>:" and below it "${key}: …"`,
      ]),
    ),
    ...Object.fromEntries(
      imageKeys.map((key) => [key, `${key} belongs to an image: below "- image: …" of \`docker\``]),
    ),
    image: 'an image belongs in a list: "docker:" and below it "- image: …"',
    env: 'did you mean "environment"?',
    run: '`run` is a step: "steps:" and below it "- run: …"',
    script: 'commands are steps: "steps:" and below each "- run: …"',
    'runs-on':
      'say where it runs with `docker`, `machine` or `macos`, for example "docker: [{image: cimg/base:current}]"',
  },
})

const providers = ['datadog', 'prometheus', 'grafana', 'alertmanager', 'custom']

const webhook = map(
  {
    name: string,
    provider: wordOf(providers, (node, context) => wrongType(node, `one of ${providers.join(', ')}`, context)),
    data_points: anything,
    fail_when: string,
    max_failures: integer(0),
  },
  { required: ['name', 'provider'] },
)

/** What a release watches after it (spec: config-language.md 15.4). */
const validation = map(
  { enabled: boolean, evaluation_time: string, auto_rollback_on_failure: boolean, webhooks: list(webhook) },
  { required: ['enabled'] },
)

const requiredOf: Record<string, string> = { release: 'plan_name', lock: 'key', unlock: 'key' }

function otherSchema(): JsonSchema {
  const needs = Object.entries(requiredOf).map(([type, key]) => ({
    if: { properties: { type: { enum: [type] } } },
    // biome-ignore lint/suspicious/noThenProperty: the name is JSON Schema's
    then: { required: [key], properties: { [key]: string.schema } },
  }))
  return { properties: { validation: orNull(validation.schema) }, allOf: needs }
}

const otherTypes = jobTypes.filter((type) => type !== 'build')

export const jobSchema: JsonSchema = {
  type: ['object', 'string'],
  if: { type: 'object', required: ['type'], properties: { type: { enum: otherTypes } } },
  // biome-ignore lint/suspicious/noThenProperty: the name is JSON Schema's
  then: otherSchema(),
  else: {
    anyOf: [
      { type: 'string' },
      { allOf: [buildJob.schema, environmentRule([...environments, 'executor'])], required: ['steps'] },
    ],
  },
}

/** A definition in `jobs`: the name of an orb's job, or a map. */
export function job(commands: ReadonlySet<string>): Shape {
  return shape(ref('job'), (node, context) => {
    if (isString(node) && context.world.modern) return
    if (node.kind !== 'map') return wrongType(node, 'map', context)
    needsModern(node, 'parameters', context)
    const type = getPresent(node, 'type')
    const name = type ? stringOf(type) : 'build'
    if (type && !jobTypes.includes(name ?? '')) {
      const found = type.kind === 'scalar' ? type.text : type.kind
      context.world.report.add('C202', type, `expected type: one of ${jobTypes.join(', ')}, found: ${found}`)
    } else if (name === 'build') checkBuild(node, commands, context)
    else checkOther(node, name ?? '', context)
  })
}

function checkBuild(node: YMap, commands: ReadonlySet<string>, context: ShapeContext): void {
  const { report } = context.world
  buildJob(node, context)
  countEnvironments(node, context, get(node, 'executor') ? 0 : 1)
  const steps = get(node, 'steps')
  if (!steps || isNull(steps)) {
    const message = 'required key [steps] not found'
    if (steps) report.add('C227', keyOf(steps), message, { stack: context.stack, hint: emptySteps })
    else if (!['script', 'run'].some((key) => node.entries.has(key))) {
      missing(node, 'steps', Object.keys(jobKeys), {}, context, 'C227', message)
    }
    return
  }
  // A compiled config may have one, of a job whose every step was conditional; it is a version 2 config.
  if (isEmptyList(steps) && context.world.modern) {
    report.add('C228', steps, '`steps` is empty', { stack: context.stack })
    return
  }
  checkSteps(steps, commands, context)
}

export const emptySteps = 'nothing stands below `steps`: indent its list, each line with "- "'

export function isEmptyList(node: YNode): boolean {
  return node.kind === 'seq' && node.items.length === 0
}

function checkOther(node: YMap, type: string, context: ShapeContext): void {
  const { report } = context.world
  const required = requiredOf[type]
  const meaningful = ['type', 'description', 'parameters', 'plan_name', 'validation', 'key']
  for (const [key, pair] of node.entries) {
    if (meaningful.includes(key)) continue
    const known = Object.hasOwn(jobKeys, key)
    if (known) report.add('W925', pair.key, `Key ${key} has no effect for a job of type ${type}`)
    else report.add('W921', pair.key, `Unknown key ${key} ignored`)
  }
  const checks = getPresent(node, 'validation')
  if (type === 'release' && checks) validation(checks, context)
  if (!required) return
  const value = getPresent(node, required)
  if (!value) report.add('C203', keyOf(node), `required key [${required}] not found`)
  else if (!isOpen(value, context)) string(value, context)
}
