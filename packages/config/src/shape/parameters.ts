import { type ParameterType, parameterTypes } from '../parameters/declaration.ts'
import type { ElementKind } from '../scope/types.ts'
import type { JsonSchema } from './schema.ts'
import { described, type Shape, unchecked } from './shape.ts'

export const parameterName = /^[A-Za-z][A-Za-z0-9_-]*$/
export const pipelineParameterTypes = ['string', 'boolean', 'integer', 'enum'] as const
export const declarationKeys = ['type', 'default', 'enum', 'description']

/** Names that a workflow entry, or an executor's map form, keeps for itself (spec: config-language.md 11.3). */
export const reservedNames: Record<ElementKind, readonly string[]> = {
  job: 'name requires context type filters matrix pre-steps post-steps serial-group override-with'.split(' '),
  command: [],
  executor: ['name'],
}

const executorParameterTypes = parameterTypes.filter((type) => type !== 'steps' && type !== 'executor')

/** Types of an element's parameters (11.2). */
export function allowedTypes(kind: ElementKind): readonly ParameterType[] {
  return kind === 'executor' ? executorParameterTypes : parameterTypes
}

function declaration(types: readonly string[], required: string[]): JsonSchema {
  return {
    type: 'object',
    properties: {
      type: { enum: types, description: 'What its values are.' },
      default: { description: 'Its value when none is given.' },
      enum: { type: 'array', minItems: 1, description: 'The values that it may have.' },
      description: { description: 'What it is for.' },
    },
    additionalProperties: false,
    required,
    if: { properties: { type: { enum: ['enum'] } }, required: ['type'] },
    // biome-ignore lint/suspicious/noThenProperty: the name is JSON Schema's
    then: { required: ['enum'] },
    else: { properties: { enum: false } },
  }
}

/** The `parameters` of an element; they are checked where they are read. */
export function parameterBlock(kind: ElementKind): Shape {
  const reserved = reservedNames[kind]
  const schema: JsonSchema = {
    type: 'object',
    additionalProperties: declaration(allowedTypes(kind), ['type']),
    propertyNames: {
      pattern: parameterName.source,
      ...(reserved.length > 0 && { not: { enum: reserved } }),
    },
  }
  return described('Parameters, which the body uses as << parameters.NAME >>.', unchecked(schema))
}

/** The pipeline's own `parameters`. */
export const pipelineParameterBlock: Shape = described(
  'Parameters of the pipeline, used as << pipeline.parameters.NAME >>; triggers may set them.',
  unchecked({
    type: 'object',
    additionalProperties: declaration(pipelineParameterTypes, ['type', 'default']),
  }),
)
