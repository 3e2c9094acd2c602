import type { Code } from '../report/catalogue.ts'
import type { StackLink } from '../report/collector.ts'
import { cut, suggest } from '../report/suggest.ts'
import type { World } from '../scope/types.ts'
import { hasTemplate } from '../templates/evaluate.ts'
import { isBroken, isInteger, isNull, isString, keyOf, typeName, type YMap, type YNode } from '../yaml/nodes.ts'
import { type JsonSchema, orNull, templatePattern, withDescription } from './schema.ts'

/** Where a check takes place: before templates are evaluated they may stand for anything (`wildcards`). */
export interface ShapeContext {
  world: World
  wildcards: boolean
  stack?: StackLink
}

/** Checks one node and reports what is wrong with it. */
export type Check = (node: YNode, context: ShapeContext) => void

/** One rule in both its forms: the check that the compiler runs, and as much of it as a schema can tell an editor. */
export type Shape = Check & { readonly schema: JsonSchema }

/** `check` is a function of its own: it becomes the shape. */
export function shape(schema: JsonSchema, check: Check): Shape {
  return Object.assign(check, { schema })
}

/** The same rule with a sentence for the people who write it. */
export function described(description: string, of: Shape): Shape {
  return shape(withDescription(of.schema, description), (node, context) => of(node, context))
}

/** A schema for what is checked elsewhere. */
export function unchecked(schema: JsonSchema): Shape {
  return shape(schema, () => {})
}

/** Whether a node is to be passed by: a template still to come, or one that failed already. */
export function isOpen(node: YNode, context: ShapeContext): boolean {
  return isBroken(node) || (context.wildcards && context.world.modern && hasTemplate(node))
}

export function wrongType(node: YNode, expected: string, context: ShapeContext, hint?: string): void {
  const message = `expected type: ${expected}, found: ${typeName(node)}`
  context.world.report.add('C202', node, message, { stack: context.stack, ...(hint === undefined ? {} : { hint }) })
}

export const anything: Shape = unchecked({})

/** A string; after evaluation also a boolean or integer that a whole-value template gave (6.3). */
export const string: Shape = shape({ type: 'string' }, (node, context) => {
  if (isOpen(node, context)) return
  if (node.kind === 'scalar' && typeof node.value === 'string') return
  if (node.kind === 'scalar' && node.substituted) return
  const quote = node.kind === 'scalar' && node.value !== null ? `quote the value: "${cut(node.text)}"` : undefined
  wrongType(node, 'string', context, quote)
})

/** Text that may be written without quotes although it looks like a number: `xcode: 14.10`. */
export const text: Shape = shape({ type: ['string', 'number'] }, (node, context) => {
  if (node.kind === 'scalar' && (typeof node.value === 'number' || node.substituted)) return
  string(node, context)
})

/** Editors read YAML 1.2, where the other words for true and false are text. */
const booleanWords = '^(?:[Yy]es|YES|[Nn]o|NO|[Oo]n|ON|[Oo]ff|OFF)$'

export const boolean: Shape = shape(
  { type: ['boolean', 'string'], pattern: `${booleanWords}|${templatePattern}` },
  (node, context) => {
    if (isOpen(node, context) || (node.kind === 'scalar' && typeof node.value === 'boolean')) return
    wrongType(node, 'boolean', context)
  },
)

export function integer(min: number): Shape {
  return shape({ type: ['integer', 'string'], minimum: min, pattern: templatePattern }, (node, context) => {
    if (isOpen(node, context) || (isInteger(node) && node.value >= min)) return
    if (!isInteger(node))
      return wrongType(node, 'integer', context, isString(node) ? 'write a number, without quotes' : undefined)
    const message = `expected type: integer of at least ${min}, found: ${node.value}`
    context.world.report.add('C202', node, message, { stack: context.stack })
  })
}

export function list(of: Shape, min = 0, otherwise?: string): Shape {
  const schema: JsonSchema = { type: ['array', 'string'], items: of.schema, pattern: templatePattern }
  return shape(min === 0 ? schema : { ...schema, minItems: min }, (node, context) => {
    if (isOpen(node, context)) return
    if (node.kind !== 'seq') return wrongType(node, 'list', context, otherwise)
    if (node.items.length < min) {
      context.world.report.add('C202', node, `expected type: list of at least ${min}, found: an empty list`, {
        stack: context.stack,
      })
    }
    for (const item of node.items) of(item, context)
  })
}

/** A shape for scalars (strings and the like) and another for lists. */
export function oneOrList(one: Shape, min = 0): Shape {
  const many = list(one, min)
  const schema: JsonSchema = { anyOf: [one.schema, many.schema] }
  return shape(schema, (node, context) => (node.kind === 'seq' ? many(node, context) : one(node, context)))
}

/** A map of names to things of one kind. */
export function mapOf(of: Shape): Shape {
  return shape({ type: 'object', additionalProperties: of.schema }, (node, context) => {
    if (isOpen(node, context)) return
    if (node.kind !== 'map') {
      return wrongType(
        node,
        'map',
        context,
        node.kind === 'seq' ? 'write a name and a colon in place of each dash' : undefined,
      )
    }
    for (const pair of node.entries.values()) of(pair.value, context)
  })
}

/** Reports a key that only version 2.1 has (spec: config-language.md 4). */
export function needsModern(node: YMap, key: string, { world, stack }: ShapeContext): void {
  const at = node.entries.get(key)?.key
  if (at && !world.modern) world.report.add('C111', at, `Key ${key} requires \`version: 2.1\``, { stack })
}

export interface MapRules {
  required?: string[]
  /** Required too, but checked elsewhere: a misspelt one is told there alone. */
  awaited?: string[]
  /** Unknown keys are ignored with a warning, all but those of `closed`. */
  open?: boolean
  closed?: ReadonlySet<string>
  hints?: Record<string, string>
}

/** A map of known keys. A null stands for an absent optional key. */
export function map(keys: Record<string, Shape>, rules: MapRules = {}): Shape {
  const permitted = Object.keys(keys)
  const shapes = new Map(Object.entries(keys))
  const required = rules.required ?? []
  return shape(mapSchema(keys, rules), (node, context) => {
    if (isOpen(node, context)) return
    if (node.kind !== 'map') return wrongType(node, 'map', context)
    let unknown = false
    for (const [key, { value }] of node.entries) {
      const of = shapes.get(key)
      if (!of) unknown = true
      else if (!isNull(value) || required.includes(key)) of(value, context)
    }
    if (unknown) checkKeys(node, permitted, rules, context)
    for (const key of required) {
      if (!node.entries.has(key)) missing(node, key, permitted, rules, context)
    }
  })
}

function mapSchema(keys: Record<string, Shape>, { required, open, closed }: MapRules): JsonSchema {
  const properties: Record<string, JsonSchema | false> = {}
  for (const [key, { schema }] of Object.entries(keys)) {
    properties[key] = required?.includes(key) ? schema : orNull(schema)
  }
  for (const key of closed ?? []) properties[key] = false
  return {
    type: ['object', 'string'],
    pattern: templatePattern,
    properties,
    additionalProperties: open === true,
    ...(required && { required }),
  }
}

/**
 * Reports that a key is not there. A misspelt one is told once: by the closed map that does not permit it, or here, with
 * the warning of the open map left out.
 */
export function missing(
  node: YMap,
  key: string,
  permitted: readonly string[],
  { open }: MapRules,
  { world, stack }: ShapeContext,
  code: Code = 'C203',
  message = `required key [${key}] not found`,
): void {
  const near = [...node.entries.keys()].find((one) => !permitted.includes(one) && suggest(one, [key]).length > 0)
  const told = near !== undefined && !open && world.modern && world.options.unknownKeys === 'error'
  if (told) return
  const hint = near === undefined ? undefined : `did you mean "${key}" where it says "${cut(near)}"?`
  world.report.add(code, keyOf(node), message, { stack, ...(hint && { hint }) })
}

function onlyHas({ entries }: YMap, permitted: readonly string[]): boolean {
  for (const key of entries.keys()) if (!permitted.includes(key)) return false
  return true
}

export function checkKeys(node: YMap, permitted: string[], rules: MapRules, context: ShapeContext): void {
  if (onlyHas(node, permitted)) return
  const { report, options, modern } = context.world
  let passed: string | undefined
  const lacking = [...(rules.required ?? []), ...(rules.awaited ?? [])].filter((key) => !node.entries.has(key))
  for (const [key, pair] of node.entries) {
    if (permitted.includes(key)) continue
    const hint =
      (rules.hints && Object.hasOwn(rules.hints, key) ? rules.hints[key] : undefined) ??
      report.didYouMean(key, permitted)
    const details = { stack: context.stack, ...(hint === undefined ? {} : { hint }) }
    const ignored = rules.open && !rules.closed?.has(key)
    if (ignored || options.unknownKeys === 'warn' || !modern) {
      if (suggest(key, lacking).length > 0) continue
      report.add('W921', pair.key, `Unknown key ${cut(key)} ignored`, details)
      continue
    }
    passed ??= cut([...node.entries.keys()].join(', '))
    const message = `extraneous key [${cut(key)}] is not permitted; permitted keys: ${permitted.join(', ')}; passed keys: ${passed}`
    report.add('C201', pair.key, message, details)
  }
}

/** A scalar that must satisfy a test of its own; `found` is its text. */
export function word(
  schema: JsonSchema,
  test: (value: string | number | boolean | null, text: string) => boolean,
  fail: Check,
): Shape {
  return shape(schema, (node, context) => {
    if (isOpen(node, context)) return
    if (node.kind === 'scalar' && test(node.value, node.text)) return
    fail(node, context)
  })
}

/** One of some words, or a template that gives one. */
export function wordOf(words: readonly string[], fail: Check): Shape {
  const schema = { type: 'string', pattern: `^(?:${words.join('|')})$|${templatePattern}` }
  return word(schema, (value) => words.some((one) => one === value), fail)
}
