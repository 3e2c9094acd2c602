/** The part of JSON Schema (draft 7) that the description of configs needs. */
export interface JsonSchema {
  $schema?: string
  $id?: string
  $ref?: string
  title?: string
  description?: string
  type?: string | string[]
  enum?: readonly (string | number)[]
  pattern?: string
  minimum?: number
  maximum?: number
  items?: JsonSchema
  minItems?: number
  minLength?: number
  properties?: Record<string, JsonSchema | false>
  additionalProperties?: JsonSchema | boolean
  propertyNames?: JsonSchema
  minProperties?: number
  maxProperties?: number
  required?: string[]
  anyOf?: JsonSchema[]
  allOf?: JsonSchema[]
  not?: JsonSchema
  if?: JsonSchema
  then?: JsonSchema
  else?: JsonSchema
  definitions?: Record<string, JsonSchema>
}

/** Text that may hold a template, which can stand for a value of any type. */
export const templatePattern = '<<'

/** Rules that are used in more than one place, or inside themselves. */
export type Definition = 'steps' | 'step' | 'logic' | 'executor' | 'job' | 'command' | 'entries' | 'workflow'

export function ref(to: Definition): JsonSchema {
  return { $ref: `#/definitions/${to}` }
}

/** A schema with words for people; beside a `$ref` draft 7 would not read them. */
export function withDescription(schema: JsonSchema, description: string): JsonSchema {
  return schema.$ref === undefined ? { ...schema, description } : { allOf: [schema], description }
}

/** What may also be written without a value: `environment:`. */
export function orNull(schema: JsonSchema): JsonSchema {
  if (typeof schema.type === 'string' && !schema.enum) return { ...schema, type: [schema.type, 'null'] }
  if (Array.isArray(schema.type)) return { ...schema, type: [...new Set([...schema.type, 'null'])] }
  const { description, ...rest } = schema
  if (Object.keys(rest).length === 0) return schema
  return { anyOf: [rest, { type: 'null' }], ...(description !== undefined && { description }) }
}
