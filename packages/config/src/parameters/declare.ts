import { cut } from '../report/suggest.ts'
import type { Element, ElementKind, Env, Value, World } from '../scope/types.ts'
import { allowedTypes, declarationKeys, parameterName, reservedNames } from '../shape/parameters.ts'
import { checkKeys } from '../shape/shape.ts'
import { evaluate } from '../templates/evaluate.ts'
import { get, getPresent, isNull, items, stringOf, typeName, type YNode, type YScalar } from '../yaml/nodes.ts'
import { type Declaration, parameterTypes } from './declaration.ts'
import { settleNull, typeProblem } from './types.ts'

/** Declarations of an element's parameters, without any check; broken ones are left out. */
export function declarationsOf(element: YNode): Map<string, Declaration> {
  const result = new Map<string, Declaration>()
  const block = get(element, 'parameters')
  if (block?.kind !== 'map') return result
  for (const [name, { value }] of block.entries) {
    const written = stringOf(get(value, 'type'))
    const type = parameterTypes.find((one) => one === written)
    if (type) result.set(name, { name, type, members: membersOf(value), default: getPresent(value, 'default') })
  }
  return result
}

export function membersOf(declaration: YNode): YScalar[] {
  return items(get(declaration, 'enum')).filter((item) => item.kind === 'scalar')
}

/** Checks the declarations of an element once, whether or not anything calls it (spec: config-language.md 11.1–11.3). */
export function checkDeclarations(element: Element, env: Env): void {
  const { report } = env.world
  const block = get(element.node, 'parameters')
  if (block?.kind !== 'map') return
  for (const [name, { key, value }] of block.entries) {
    if (!parameterName.test(name)) {
      report.add('C120', key, `Invalid parameter name ${cut(name)}: must match ${parameterName.source}`)
    }
    if (reservedNames[element.kind].includes(name)) {
      report.add('C354', key, `Parameter name ${name} is reserved on a ${element.kind}`)
    }
    checkDeclaration(name, value, key, element.kind, env)
  }
}

function checkDeclaration(name: string, node: YNode, key: YNode, kind: ElementKind, env: Env): void {
  const { report } = env.world
  if (!checkDeclarationShape(node, key, env.world)) return
  const typeNode = get(node, 'type') ?? key
  const written = stringOf(typeNode)
  const type = parameterTypes.find((one) => one === written)
  if (!type) {
    const found = typeNode.kind === 'scalar' ? cut(typeNode.text) : typeName(typeNode)
    const hint = `expected one of ${parameterTypes.join(', ')}`
    report.add('C350', typeNode, `Unknown parameter type ${found}`, { hint })
    return
  }
  if (!allowedTypes(kind).includes(type)) {
    report.add('C353', typeNode, `Parameter type ${type} is not allowed on an ${kind}`)
  }
  if (!checkEnum(node, type, key, env.world)) return
  const given = getPresent(node, 'default')
  if (given) checkDefault({ name, type, members: membersOf(node), default: given }, given, env)
}

/** Whether a declaration is a map with a `type` and only known keys. */
export function checkDeclarationShape(node: YNode, key: YNode, world: World): boolean {
  const { report } = world
  if (node.kind !== 'map') {
    report.add('C202', node, `expected type: map, found: ${typeName(node)}`)
    return false
  }
  checkKeys(node, declarationKeys, {}, { world, wildcards: true })
  if (!node.entries.has('type')) report.add('C203', key, 'required key [type] not found')
  return node.entries.has('type')
}

/**
 * Whether `enum` is there exactly when the type asks for it, with distinct members. Of an orb that was published it is
 * only told that `enum` beside another type means nothing: there are such orbs, and who uses one cannot change it.
 */
export function checkEnum(node: YNode, type: string, key: YNode, world: World): boolean {
  const list = get(node, 'enum')
  if (!list && type !== 'enum') return true
  if (list && type !== 'enum' && list.source.file.startsWith('orb:')) {
    world.report.add('W921', list, `\`enum\` ignored: the parameter is of type ${type}`)
    return true
  }
  const members = membersOf(node).map((member) => JSON.stringify([typeof member.value, member.value]))
  const fine = type === 'enum' && members.length > 0 && new Set(members).size === members.length
  if (fine && members.length === items(list).length) return true
  const message = '`enum` is required for type enum and allowed only there; members must be unique and at least one'
  world.report.add('C351', list && !isNull(list) ? list : key, message)
  return false
}

function checkDefault(declaration: Declaration, node: YNode, env: Env): void {
  const literal = declaration.type === 'steps' || declaration.type === 'executor'
  const value: Value = literal ? node : settleNull(evaluate(node, env), declaration)
  const problem = typeProblem(declaration, value)
  if (problem === undefined) return
  const message = `Default of parameter ${declaration.name} is not a valid ${declaration.type}: ${problem.found}`
  env.world.report.add('C352', node, message, problem.hint === undefined ? {} : { hint: problem.hint })
}
