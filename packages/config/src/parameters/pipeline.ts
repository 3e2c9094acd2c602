import type { CompileInput } from '../compile-types.ts'
import type { Scalar } from '../plan.ts'
import { cut } from '../report/suggest.ts'
import type { World } from '../scope/types.ts'
import { pipelineParameterTypes } from '../shape/parameters.ts'
import { get, getPresent, isNull, isString, pairs, scalarAt, stringOf, type YMap, type YNode } from '../yaml/nodes.ts'
import type { Declaration } from './declaration.ts'
import { checkDeclarationShape, checkEnum, membersOf } from './declare.ts'
import { typeProblem } from './types.ts'

const limits = { count: 100, name: 128, value: 512 }

/** Checks the pipeline parameters and binds the trigger's arguments to them (spec: config-language.md 8). */
export function bindPipelineParameters(
  root: YMap,
  args: CompileInput['pipelineArgs'],
  world: World,
): Map<string, YNode> {
  const block = getPresent(root, 'parameters')
  const bound = new Map<string, YNode>()
  const declared = new Map<string, Declaration>()
  for (const [name, { key, value }] of pairs(block)) {
    const declaration = declare(name, value, key, Object.hasOwn(args, name), world)
    if (!declaration) continue
    declared.set(name, declaration)
    if (declaration.default) bound.set(name, declaration.default)
  }
  checkLimits(args, root, world)
  const blockKey = root.entries.get('parameters')?.key ?? root
  for (const [name, value] of Object.entries(args)) {
    const declaration = declared.get(name)
    if (declaration) bound.set(name, argument(declaration, value, blockKey, world))
    else if (!get(block, name)) unexpected(name, declared, blockKey, world)
  }
  return bound
}

/** `given`: an argument takes the default's place, and a default that nobody uses may be of any type. */
function declare(name: string, node: YNode, key: YNode, given: boolean, world: World): Declaration | undefined {
  const { report } = world
  if (!checkDeclarationShape(node, key, world)) return undefined
  const typeNode = get(node, 'type') ?? key
  const type = pipelineParameterTypes.find((one) => one === stringOf(typeNode))
  if (!type) {
    const shown = typeNode.kind === 'scalar' ? cut(typeNode.text) : typeNode.kind
    const hint = `expected one of ${pipelineParameterTypes.join(', ')}`
    report.add('C330', key, `Invalid pipeline parameter ${cut(name)}: type ${shown} not allowed`, { hint })
    return undefined
  }
  if (!checkEnum(node, type, key, world)) return undefined
  const fallback = get(node, 'default')
  if (!fallback || isNull(fallback)) {
    report.add('C330', key, `Invalid pipeline parameter ${cut(name)}: default missing`)
    return { name, type, members: membersOf(node) }
  }
  const declaration: Declaration = { name, type, members: membersOf(node), default: fallback }
  const problem = given ? undefined : typeProblem(declaration, fallback)
  if (problem) {
    const details = problem.hint === undefined ? {} : { hint: problem.hint }
    report.add('C352', fallback, `Default of parameter ${cut(name)} is not a valid ${type}: ${problem.found}`, details)
  } else if (isString(fallback) && fallback.value.includes('<<')) {
    report.add('W903', fallback, `Template text in the default of pipeline parameter ${cut(name)} has no effect`)
  }
  return declaration
}

function checkLimits(args: Readonly<Record<string, Scalar>>, root: YNode, world: World): void {
  const entries = Object.entries(args)
  const long = entries.find(([name, value]) => name.length > limits.name || String(value).length > limits.value)
  if (entries.length <= limits.count && !long) return
  const what = long ? `the name or value of ${cut(long[0])} is too long` : `${entries.length} arguments`
  const allowed = `at most ${limits.count} arguments, names of ${limits.name} and values of ${limits.value} characters`
  world.report.add('C332', root, `Too many pipeline arguments, or a name or value too long: ${what}`, { hint: allowed })
}

function argument(declaration: Declaration, value: Scalar, at: YNode, world: World): YNode {
  const node = scalarAt(at, value, { substituted: true })
  const problem = typeProblem(declaration, node)
  if (problem) {
    const { expected, found } = problem
    const message = `Type error for argument ${declaration.name}: expected type: ${expected}, actual value: ${found}`
    world.report.add('C362', at, message, problem.hint === undefined ? {} : { hint: problem.hint })
  }
  return node
}

function unexpected(name: string, declared: Map<string, Declaration>, at: YNode, world: World): void {
  const hint = world.report.didYouMean(name, declared.keys())
  world.report.add('C331', at, `Unexpected argument(s): ${cut(name)}`, hint === undefined ? {} : { hint })
}
