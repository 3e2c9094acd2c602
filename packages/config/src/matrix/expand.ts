import { cut } from '../report/suggest.ts'
import { type Env, isClosure, nodeOf, type Value } from '../scope/types.ts'
import { evaluate, evaluateNode } from '../templates/evaluate.ts'
import { textOf } from '../templates/text.ts'
import { get, getPresent, isBroken, items, pairs, toData, type YNode } from '../yaml/nodes.ts'

const maxCombinations = 1024

export type Combination = Map<string, Value>

/** One invocation's values of every matrix parameter, in declaration order, the first varying slowest (17.2). */
export function expandMatrix(matrix: YNode, env: Env): Combination[] | undefined {
  const { report } = env.world
  const { stack } = env
  const before = report.errorCount
  const axes = readAxes(matrix, env)
  if (!axes) return undefined
  const count = axes.reduce((product, axis) => product * axis.values.length, 1)
  if (count > maxCombinations) {
    const message = `The matrix has ${count} combinations; the limit is ${maxCombinations}`
    report.add('C564', matrix, message, { stack })
    return undefined
  }
  const excluded = readExclusions(matrix, axes, env)
  let combinations: Combination[] = [new Map()]
  for (const { name, values } of axes) {
    combinations = combinations.flatMap((one) => values.map((value) => new Map([...one, [name, value] as const])))
  }
  const left = combinations.filter((one) => {
    env.world.budget.spend(generatedName('', one).length, matrix)
    return !excluded.has(identity(one))
  })
  if (report.errorCount > before) return undefined
  if (left.length > 0) return left
  report.add('C562', matrix, 'The matrix has no combinations left', { stack })
  return undefined
}

interface Axis {
  name: string
  values: Value[]
}

function readAxes(matrix: YNode, env: Env): Axis[] | undefined {
  const { report } = env.world
  const parameters = get(matrix, 'parameters')
  const axes: Axis[] = []
  let fine = parameters?.kind === 'map' && parameters.entries.size > 0
  if (!fine)
    report.add('C202', parameters ?? matrix, 'expected type: map of lists of values, found: something else', {
      stack: env.stack,
    })
  for (const [name, { value }] of pairs(parameters)) {
    const list = value.kind === 'scalar' ? evaluateNode(value, env) : value
    if (isBroken(list)) fine = false
    else if (list.kind !== 'seq' || list.items.length === 0) {
      const hint = list.kind === 'scalar' ? `write a list: ${cut(name)}: ["${cut(list.text)}"]` : undefined
      const message = `Parameter ${cut(name)} is not a list of values`
      report.add('C560', list, message, { stack: env.stack, ...(hint && { hint }) })
      fine = false
    } else axes.push({ name, values: list.items.map((item) => evaluate(item, env)) })
  }
  return fine ? axes : undefined
}

function readExclusions(matrix: YNode, axes: Axis[], env: Env): Set<string> {
  const { report } = env.world
  const result = new Set<string>()
  for (const written of items(getPresent(matrix, 'exclude'))) {
    const entry = evaluateNode(written, env)
    const given = pairs(entry)
    const unknown = given.filter(([name]) => !axes.some((axis) => axis.name === name))
    for (const [name, { key }] of unknown) {
      report.add('C561', key, `\`exclude\` names unknown matrix parameter ${cut(name)}`, { stack: env.stack })
    }
    if (given.length < axes.length && unknown.length === 0) {
      const message = 'An `exclude` entry does not name every matrix parameter and excludes nothing'
      report.add('W930', written, message, { stack: env.stack })
    }
    result.add(identity(new Map(given.map(([name, pair]) => [name, pair.value]))))
  }
  return result
}

/** A text that is the same for the same values, by type. */
function identity(combination: Combination): string {
  const entries = [...combination].map(([name, value]): [string, unknown] => [name, toData(nodeOf(value))])
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** `JOB-v1-v2`, the values ordered by the names of their parameters (17.4). */
export function generatedName(job: string, combination: Combination): string {
  const sorted = [...combination].sort(([a], [b]) => (a < b ? -1 : 1))
  return [job, ...sorted.map(([, value], index) => valueName(value, index))].join('-')
}

function valueName(value: Value, index: number): string {
  const text = isClosure(value) ? undefined : textOf(value)
  return text ?? textOf(get(nodeOf(value), 'name') ?? nodeOf(value)) ?? String(index + 1)
}
