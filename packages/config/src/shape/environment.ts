import { cut } from '../report/suggest.ts'
import { isNull, type YNode } from '../yaml/nodes.ts'
import { type JsonSchema, templatePattern } from './schema.ts'
import { isOpen, type Shape, type ShapeContext, shape, wrongType } from './shape.ts'

const portableName = /^[A-Za-z_][A-Za-z0-9_]*$/

const variablesSchema: JsonSchema = {
  type: 'object',
  additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
}

const environmentSchema: JsonSchema = {
  ...variablesSchema,
  type: ['object', 'array', 'string', 'null'],
  items: { anyOf: [variablesSchema, { type: 'string', pattern: `^[^=]+=|${templatePattern}` }] },
  pattern: templatePattern,
}

/** `environment`: a map of scalars, a list of `NAME=value` or maps, or null (spec: config-language.md 12.5). */
export const environment: Shape = shape(environmentSchema, (node, context) => {
  checkEnvironment(node, context, warnName)
})

/** The same for the process of a container, which may read settings of names that no shell can: `discovery.type`. */
export const processEnvironment: Shape = shape(environmentSchema, (node, context) => {
  checkEnvironment(node, context, () => {})
})

type NameCheck = (name: string, at: YNode, context: ShapeContext) => void

function checkEnvironment(node: YNode, context: ShapeContext, checkName: NameCheck): void {
  if (isOpen(node, context) || isNull(node)) return
  if (node.kind === 'scalar') wrongType(node, 'map', context)
  else if (node.kind === 'map') values(node, context, checkName)
  else for (const item of node.items) listItem(item, context, checkName)
}

function listItem(item: YNode, context: ShapeContext, checkName: NameCheck): void {
  if (isOpen(item, context)) return
  if (item.kind === 'map') {
    values(item, context, checkName)
    return
  }
  if (item.kind === 'scalar' && typeof item.value === 'string' && item.value.indexOf('=') > 0) {
    checkName(item.value.slice(0, item.value.indexOf('=')), item, context)
    return
  }
  wrongType(item, 'NAME=value or a map', context)
}

function values(node: YNode, context: ShapeContext, checkName: NameCheck): void {
  if (node.kind !== 'map') return
  for (const [name, { key, value }] of node.entries) {
    checkName(name, key, context)
    if (value.kind !== 'scalar') wrongType(value, 'string, number, boolean or null', context)
  }
}

/** Odd names reach the job, but no shell can read them. */
function warnName(name: string, at: YNode, { world, stack }: ShapeContext): void {
  if (portableName.test(name)) return
  const hint = 'use letters, digits and "_", not beginning with a digit'
  world.report.add('W932', at, `No shell can read an environment variable named ${cut(name)}`, { stack, hint })
}
