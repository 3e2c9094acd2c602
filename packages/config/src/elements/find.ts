import { cut } from '../report/suggest.ts'
import { type Element, type ElementKind, type Env, type Unit, withStack } from '../scope/types.ts'
import { builtins } from '../steps/vocabulary.ts'
import { isString, type YNode } from '../yaml/nodes.ts'

const unknownCodes = { executor: 'C404', command: 'C405', job: 'C406' } as const

/** Where a command can stand, these can too. */
const stepNames = [...builtins.keys(), 'when', 'unless']

export function tableOf(unit: Unit, kind: ElementKind): Map<string, Element> {
  return kind === 'job' ? unit.jobs : kind === 'command' ? unit.commands : unit.executors
}

const maxAliases = 20

/** The element a reference names, without following aliases and without a report. */
function peek(kind: ElementKind, reference: string, unit: Unit): Element | undefined {
  const own = tableOf(unit, kind).get(reference)
  const slash = reference.indexOf('/')
  if (own || slash === -1) return own
  const orb = unit.orbs.get(reference.slice(0, slash))
  return orb && tableOf(orb, kind).get(reference.slice(slash + 1))
}

/** Whether a reference means something in a scope. An orb that could not be had counts as knowing every name. */
export function isKnown(kind: ElementKind, reference: string, unit: Unit): boolean {
  const slash = reference.indexOf('/')
  return (slash !== -1 && unit.missingOrbs.has(reference.slice(0, slash))) || peek(kind, reference, unit) !== undefined
}

/**
 * Finds the element a reference names, following aliases to other orbs' elements (spec: config-language.md 5.2, 19.5).
 * Undefined when there is none; that has then been reported at `at`.
 */
export function findElement(kind: ElementKind, reference: string, at: YNode, env: Env): Element | undefined {
  const chain = new Set<Element>()
  let { unit } = env
  let name = reference
  for (;;) {
    const element = peek(kind, name, unit)
    if (!element) {
      reportUnknown(kind, name, unit, at, env)
      return undefined
    }
    if (!isString(element.node)) return element
    if (chain.has(element) || chain.size === maxAliases) {
      const steps = [...chain, element].map((one) => `${one.unit.name}: ${one.name}`)
      const what = chain.has(element) ? 'Alias cycle' : `More than ${maxAliases} aliases behind one another`
      env.world.report.add('C428', at, `${what}: ${cut(steps.join(' → '))}`, { stack: env.stack })
      return undefined
    }
    chain.add(element)
    unit = element.unit
    name = element.node.value
  }
}

function reportUnknown(kind: ElementKind, name: string, unit: Unit, at: YNode, env: Env): void {
  const { report } = env.world
  const { stack } = env
  const [alias = '', element = '', ...more] = name.split('/')
  const foreign = env.world.modern && name.includes('/')
  const orb = unit.orbs.get(alias)
  if (foreign && unit.missingOrbs.has(alias)) return
  if (foreign && (!orb || more.length > 0)) {
    const hint = report.didYouMean(alias, unit.orbs.keys())
    const message = `Cannot find orb '${cut(alias)}' looking for ${cut(name)}`
    report.add('C401', at, message, { stack, ...(hint && { hint }) })
    return
  }
  const own = [...tableOf(unit, kind).keys(), ...(kind === 'command' ? stepNames : [])]
  const legal = foreign ? orb && tableOf(orb, kind).keys() : own
  const near = report.didYouMean(foreign ? element : name, legal ?? [])
  const message = `Cannot find a definition for ${kind} named ${cut(name)}`
  report.add(unknownCodes[kind], at, message, { stack, ...(near && { hint: near }) })
}

/** An environment one frame deeper, for the stack of diagnostics. */
export function calling(env: Env, kind: 'workflow' | ElementKind, name: string, at: YNode): Env {
  return withStack(env, { kind, name, at, outer: env.stack })
}
