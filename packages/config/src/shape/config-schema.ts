import { namePatterns } from '../elements/tables.ts'
import { logicSchema } from '../logic/check.ts'
import { forbiddenKeys, orbAlias } from '../orbs/load.ts'
import { commandSchema, modernKeys } from './config.ts'
import { executor } from './executor.ts'
import { groupName } from './groups.ts'
import { jobSchema } from './job.ts'
import { pipelineParameterBlock } from './parameters.ts'
import { type Definition, type JsonSchema, ref, withDescription } from './schema.ts'
import { boolean } from './shape.ts'
import { stepSchema, stepsSchema } from './steps.ts'
import { entriesSchema, workflowSchema } from './workflow.ts'

const definitions: Record<Definition, JsonSchema> = {
  steps: stepsSchema,
  step: stepSchema,
  logic: logicSchema,
  executor: executor.schema,
  job: jobSchema,
  command: commandSchema,
  entries: entriesSchema,
  workflow: workflowSchema,
}

/** A block of elements by name. */
function block(description: string, of: JsonSchema, names?: RegExp): JsonSchema {
  return {
    type: ['object', 'null'],
    description,
    additionalProperties: of,
    ...(names && { propertyNames: { pattern: names.source } }),
  }
}

const elements = {
  commands: block('Steps under a name, for jobs to use.', ref('command'), namePatterns.command),
  executors: block('Places for jobs to run in, under a name.', ref('executor'), namePatterns.executor),
  jobs: block('The jobs, by name.', ref('job'), namePatterns.job),
}

const inlineOrb: JsonSchema = {
  type: 'object',
  properties: {
    ...elements,
    ...Object.fromEntries(forbiddenKeys.map((key) => [key, { type: ['object', 'null'], maxProperties: 0 }])),
  },
}

const group: JsonSchema = {
  type: 'object',
  properties: { jobs: withDescription(ref('entries'), 'The jobs, as in a workflow.') },
  required: ['jobs'],
  additionalProperties: false,
}

const properties: Record<string, JsonSchema> = {
  setup: { ...boolean.schema, description: 'This config computes another one and continues with it.' },
  orbs: block(
    'Orbs under an alias: namespace/orb@version, an https:// address, or an orb written here.',
    { anyOf: [{ type: ['string', 'null'] }, inlineOrb] },
    orbAlias,
  ),
  parameters: { ...pipelineParameterBlock.schema, type: ['object', 'null'] },
  ...elements,
  'job-groups': block('Jobs that workflows run together under one name.', group, groupName),
  workflows: {
    type: ['object', 'null'],
    description: 'The workflows, by name.',
    properties: { version: { description: 'Needed in version 2 only.' } },
    additionalProperties: ref('workflow'),
  },
}

/** Version 2 knows less and forgives more: only what it does not have is refused. */
const old: JsonSchema = {
  properties: {
    jobs: { type: ['object', 'null'] },
    workflows: { type: ['object', 'null'] },
    ...Object.fromEntries(modernKeys.map((key) => [key, false as const])),
  },
}

/**
 * A JSON Schema (draft 7) of config files for editors, made from the rules that the compiler checks. What needs more than
 * one look at one place (names, types of arguments, conditions) only the compiler can tell.
 */
export function configSchema(): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Config of Orrery, and of CircleCI',
    type: 'object',
    properties: {
      version: { enum: [2, 2.1, '2', '2.0', '2.1'], description: 'Version of the language: 2.1 for new configs.' },
    },
    required: ['version'],
    if: { properties: { version: { enum: [2, '2', '2.0'] } } },
    // biome-ignore lint/suspicious/noThenProperty: the name is JSON Schema's
    then: old,
    else: { properties },
    definitions,
  }
}
