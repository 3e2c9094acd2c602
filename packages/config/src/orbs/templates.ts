import { declarationsOf } from '../parameters/declare.ts'
import { pipelineValueKind, pipelineValueNames } from '../pipeline/catalogue.ts'
import { cut } from '../report/suggest.ts'
import type { Element, Unit, World } from '../scope/types.ts'
import { hasTemplate } from '../templates/evaluate.ts'
import { lexTemplate } from '../templates/lex.ts'
import { tagRange } from '../templates/position.ts'
import { get, isString, pairs, type YNode, type YScalar } from '../yaml/nodes.ts'

/** Checks every template of an orb's elements against what is in scope there, and that each parameter is used (6.7). */
export function checkTemplates(unit: Unit, world: World): void {
  for (const table of [unit.jobs, unit.commands, unit.executors]) {
    for (const element of table.values()) if (!isString(element.node)) checkElement(element, world)
  }
}

function checkElement(element: Element, world: World): void {
  const declared = declarationsOf(element.node)
  const used = new Set<string>()
  for (const [key, { value }] of pairs(element.node)) {
    if (key !== 'parameters' && key !== 'description') walk(value, declared, used, world)
  }
  for (const [name, { key }] of pairs(get(element.node, 'parameters'))) {
    if (used.has(name) || !declared.has(name)) continue
    const message = `Parameter ${cut(name)} of ${element.kind} ${cut(element.name)} is never used`
    world.report.add('W941', key, message)
  }
}

function walk(node: YNode, declared: ReadonlyMap<string, unknown>, used: Set<string>, world: World): void {
  if (node.kind === 'seq') for (const item of node.items) walk(item, declared, used, world)
  else if (node.kind === 'map') for (const { value } of node.entries.values()) walk(value, declared, used, world)
  else if (hasTemplate(node)) checkText(node, declared, used, world)
}

function checkText(
  node: YScalar & { value: string },
  declared: ReadonlyMap<string, unknown>,
  used: Set<string>,
  world: World,
): void {
  for (const part of lexTemplate(node.value)) {
    if (part.kind === 'text') continue
    const range = tagRange(node, node.value, part.start)
    if (part.kind === 'unclosed') {
      const message = `Unclosed '<<' tag in string: '${cut(node.value)}' ('<<' must be escaped as '\\<<' in config v2.1+)`
      world.report.add('C310', node, message, { range })
    } else if (!part.body.startsWith('!')) {
      for (const name of namesIn(part.body)) checkName(name, node, range, declared, used, world)
    }
  }
}

/** The names in a tag or an expression, outside of its strings. */
function namesIn(body: string): string[] {
  const code = body.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\/(?:[^/\\]|\\.)+\/$/g, ' ')
  return code.match(/\b(?:parameters|pipeline)\.[\w.-]+/g) ?? []
}

function checkName(
  name: string,
  node: YNode,
  range: ReturnType<typeof tagRange>,
  declared: ReadonlyMap<string, unknown>,
  used: Set<string>,
  { report }: World,
): void {
  if (name.startsWith('parameters.')) {
    const parameter = name.slice('parameters.'.length)
    used.add(parameter)
    if (declared.has(parameter)) return
    const hint = report.didYouMean(parameter, declared.keys())
    const message = `Arguments referenced without declared parameters: parameters.${cut(parameter)}`
    report.add('C320', node, message, { range, ...(hint && { hint }) })
  } else if (name.startsWith('pipeline.parameters.')) {
    const hint = 'an orb cannot see the pipeline parameters of the config; pass them as arguments'
    report.add('C321', node, `Referred to a variable "${cut(name)}" that does not exist`, { range, hint })
  } else if (pipelineValueKind(name) === undefined) {
    const hint = report.didYouMean(name, pipelineValueNames)
    const details = { range, ...(hint && { hint }) }
    report.add('C322', node, `Referred to a variable "${cut(name)}" that does not exist`, details)
  }
}
