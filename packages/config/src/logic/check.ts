import type { StackLink } from '../report/collector.ts'
import { cut, suggest } from '../report/suggest.ts'
import type { World } from '../scope/types.ts'
import { type JsonSchema, ref, templatePattern } from '../shape/schema.ts'
import { checkKeys } from '../shape/shape.ts'
import { hasTemplate } from '../templates/evaluate.ts'
import { isNull, type YMap, type YNode } from '../yaml/nodes.ts'

export const operators: ReadonlySet<string> = new Set(['and', 'or', 'not', 'equal', 'matches'])
const maxDepth = 100

/** The form of a statement as a schema. A word that is no operator makes a truthy statement: it is let through. */
export const logicSchema: JsonSchema = {
  type: ['object', 'string', 'number', 'boolean', 'null'],
  minProperties: 1,
  maxProperties: 1,
  properties: {
    and: { ...statements(), description: 'True if all are.' },
    or: { ...statements(), description: 'True if any is.' },
    not: { allOf: [ref('logic')], description: 'True if the statement is false.' },
    equal: {
      type: ['array', 'string', 'null'],
      minItems: 1,
      pattern: templatePattern,
      description: 'True if all values are the same, type included.',
    },
    matches: {
      type: ['object', 'null'],
      properties: { pattern: {}, value: {} },
      required: ['pattern', 'value'],
      additionalProperties: false,
      description: 'True if the pattern fits the whole value.',
    },
  },
}

function statements(): JsonSchema {
  return { type: ['array', 'string', 'null'], items: ref('logic'), minItems: 1, pattern: templatePattern }
}

/** Checks the form of a logic statement (spec: config-language.md 10.1) before anything is evaluated. */
export function checkLogic(node: YNode, world: World, stack: StackLink | undefined): void {
  new Checker(world, stack).statement(node, 0)
}

/** Whether a map argument of `equal` is a statement and not data. */
export function isStatement(node: YNode): node is YMap {
  if (node.kind !== 'map' || node.entries.size !== 1) return false
  return [...node.entries.keys()].every((key) => operators.has(key))
}

class Checker {
  readonly #world: World
  readonly #stack: StackLink | undefined

  constructor(world: World, stack: StackLink | undefined) {
    this.#world = world
    this.#stack = stack
  }

  statement(node: YNode, depth: number): void {
    const { report } = this.#world
    const stack = this.#stack
    if (node.kind === 'scalar') return
    if (node.kind === 'seq') {
      report.add('C344', node, 'A list is not a logic statement', { stack })
      return
    }
    if (depth >= maxDepth) {
      report.add('C343', node, `Logic statement nested deeper than ${maxDepth}`, { stack })
      return
    }
    const keys = [...node.entries.keys()]
    const only = keys.length === 1 ? keys[0] : undefined
    if (only === undefined || (!operators.has(only) && suggest(only, operators).length > 0)) {
      const message = `A logic statement must have exactly one operator, found ${cut(keys.join(', ')) || 'none'}`
      const hint = only === undefined ? 'check the indentation' : report.didYouMean(only, operators)
      report.add('C340', node, message, { stack, ...(hint && { hint }) })
      return
    }
    if (!operators.has(only)) {
      const hint = `expected one of ${[...operators].join(', ')}`
      report.add('W921', node, `Unknown operator ${cut(only)} ignored: the statement is always truthy`, { stack, hint })
      return
    }
    const value = node.entries.get(only)?.value
    if (value && !isNull(value)) this.#argument(only, value, depth)
  }

  #argument(operator: string, value: YNode, depth: number): void {
    const { report } = this.#world
    const stack = this.#stack
    if (operator === 'matches') {
      this.#matches(value)
      return
    }
    if (operator === 'not') {
      if (value.kind !== 'seq') {
        this.statement(value, depth + 1)
        return
      }
      report.add('C342', value, '`not` expects one statement', { stack })
      return
    }
    if (value.kind !== 'seq') {
      if (hasTemplate(value)) return
      const expected = operator === 'equal' ? 'a list of values' : 'a list of statements'
      report.add('C342', value, `\`${operator}\` expects ${expected}`, { stack })
      return
    }
    if (value.items.length === 0) report.add('C341', value, `\`${operator}\` needs at least one argument`, { stack })
    for (const item of value.items) {
      if (operator !== 'equal' || isStatement(item)) this.statement(item, depth + 1)
    }
  }

  #matches(value: YNode): void {
    const { report } = this.#world
    const stack = this.#stack
    if (value.kind !== 'map') {
      report.add('C342', value, '`matches` expects a map with `pattern` and `value`', { stack })
      return
    }
    for (const key of ['pattern', 'value']) {
      if (!value.entries.has(key)) report.add('C203', value, `required key [${key}] not found`, { stack })
    }
    checkKeys(value, ['pattern', 'value'], {}, { world: this.#world, wildcards: true, stack })
  }
}
