import { checkLogic } from '../logic/check.ts'
import { cut } from '../report/suggest.ts'
import { type Builtin, builtins, legacyName } from '../steps/vocabulary.ts'
import { get, isNull, isString, pairs, typeName, type YMap, type YNode } from '../yaml/nodes.ts'
import { type JsonSchema, orNull, ref, templatePattern, withDescription } from './schema.ts'
import { isOpen, needsModern, type ShapeContext, wrongType } from './shape.ts'

/** Checks a list of steps; `commands` are the names that stand for commands here, also in place of a built-in. */
export function checkSteps(node: YNode, commands: ReadonlySet<string>, context: ShapeContext): void {
  if (isOpen(node, context)) return
  if (node.kind !== 'seq') {
    wrongType(node, 'list', context, 'start each step with "- "')
    return
  }
  for (const item of node.items) checkStep(item, commands, context)
}

/** `steps` and `step` of the schema: a list, and what may stand in it. */
export const stepsSchema: JsonSchema = {
  type: ['array', 'string', 'null'],
  items: ref('step'),
  pattern: templatePattern,
}

export const stepSchema: JsonSchema = {
  anyOf: [
    { type: 'string' },
    {
      type: 'object',
      minProperties: 1,
      maxProperties: 1,
      properties: {
        ...Object.fromEntries([...builtins].map(([name, builtin]) => [name, builtinSchema(name, builtin)])),
        when: conditionalSchema('Do the steps if the condition is true.'),
        unless: conditionalSchema('Do the steps if the condition is false.'),
        steps: withDescription(ref('steps'), 'Do the steps of a parameter.'),
      },
      // Whatever else is a command, with its arguments.
      additionalProperties: { type: ['object', 'null', 'string'], pattern: templatePattern },
    },
  ],
}

/** A built-in without a value is one that needs none. */
function builtinSchema(name: string, { shape: { schema }, needs }: Builtin): JsonSchema {
  return needs.length > 0 && name !== 'deploy' ? schema : orNull(schema)
}

function conditionalSchema(description: string): JsonSchema {
  return {
    description,
    type: 'object',
    properties: { condition: ref('logic'), steps: { anyOf: [ref('steps'), ref('step')] } },
    required: ['condition', 'steps'],
  }
}

function checkStep(step: YNode, commands: ReadonlySet<string>, context: ShapeContext): void {
  if (isOpen(step, context)) return
  const { report } = context.world
  const { stack } = context
  if (isString(step)) {
    checkBare(step, step.value, commands, context)
    return
  }
  if (step.kind !== 'map') {
    const hint =
      step.kind === 'seq' && step.site ? 'an alias cannot splice a list into a list; use a command' : undefined
    report.add('C221', step, `A step must be a string or a map, found ${typeName(step)}`, {
      stack,
      ...(hint && { hint }),
    })
    return
  }
  const typed = !context.world.modern && isString(get(step, 'type')) && step.entries.size > 1
  if (typed) return
  if (step.entries.size !== 1) {
    wrongKeyCount(step, context)
    return
  }
  for (const [name, { value }] of step.entries) checkKeyed(name, value, step, commands, context)
}

function checkBare(step: YNode, name: string, commands: ReadonlySet<string>, context: ShapeContext): void {
  const builtin = commands.has(name) ? undefined : builtins.get(name)
  if (!builtin || builtin.needs.length === 0) return
  const message = `Step ${name} needs arguments: ${builtin.needs.join(', ')}`
  const hint = `write "- ${name}:" and below it "${builtin.needs[0]}: …"`
  context.world.report.add('C223', step, message, { stack: context.stack, hint })
}

function wrongKeyCount(step: YMap, context: ShapeContext): void {
  const keys = [...step.entries.keys()]
  const first = keys[0]
  const indented = first !== undefined && keys.length > 1 && isNull(get(step, first) ?? step)
  const hint = indented ? `indent the keys under \`${first}\`, like "- ${first}:\\n    ${keys[1]}: …"` : undefined
  const message = `A step must have exactly one key, found ${keys.length}: ${cut(keys.join(', '))}`
  context.world.report.add('C220', step, message, { stack: context.stack, ...(hint && { hint }) })
}

function checkKeyed(
  name: string,
  value: YNode,
  step: YMap,
  commands: ReadonlySet<string>,
  context: ShapeContext,
): void {
  const { world, stack } = context
  if (name === 'when' || name === 'unless') {
    if (!world.modern) needsModern(step, name, context)
    checkConditional(name, value, commands, context)
    return
  }
  if (name === 'steps') {
    checkSteps(value, commands, context)
    return
  }
  const known = world.modern ? name : legacyName(name)
  const builtin = commands.has(name) ? undefined : builtins.get(known)
  if (!builtin) {
    // An unknown command is told as that, where it is used.
    if (commands.has(name) || name.includes('/')) checkArguments(name, value, context)
    return
  }
  if (isNull(value)) {
    if (known === 'run') world.report.add('C225', step, '`run` has no `command`', { stack })
    else checkBare(step, known, commands, context)
    return
  }
  if (value.kind === 'map' || builtin.shorthand) {
    builtin.shape(value, context)
    return
  }
  checkArguments(name, value, context)
}

function checkArguments(name: string, value: YNode, context: ShapeContext): void {
  if (value.kind === 'map' || isNull(value) || isOpen(value, context)) return
  const message = `Arguments of command ${cut(name)} must be a map, found ${typeName(value)}`
  context.world.report.add('C222', value, message, { stack: context.stack })
}

function conditionalHint(name: string, value: YNode): string {
  if (value.kind === 'map') return `found ${cut([...value.entries.keys()].join(', '))}`
  if (isString(value) && name === 'when' && /^(?:always|on_success|on_fail)$/.test(value.value)) {
    return `\`when: ${value.value}\` belongs inside a step: "- run:" and below it "command: …" and "when: ${value.value}"`
  }
  return `write "- ${name}:" and below it "condition: …" and "steps:"`
}

function checkConditional(name: string, value: YNode, commands: ReadonlySet<string>, context: ShapeContext): void {
  const { world, stack } = context
  const steps = get(value, 'steps')
  const condition = get(value, 'condition')
  if (!steps || !condition) {
    const message = `\`${name}\` step needs exactly \`condition\` and \`steps\``
    world.report.add('C224', value, message, { stack, hint: conditionalHint(name, value) })
    return
  }
  for (const [key, pair] of pairs(value)) {
    // Published orbs put a `name` here; it never meant anything.
    if (key !== 'steps' && key !== 'condition')
      world.report.add('W921', pair.key, `Unknown key ${cut(key)} ignored`, { stack })
  }
  checkLogic(condition, world, stack)
  if (steps.kind === 'map') checkStep(steps, commands, context)
  else checkSteps(steps, commands, context)
}
