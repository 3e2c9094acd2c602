import { cut } from '../report/suggest.ts'
import type { Element, ElementKind, Unit, World } from '../scope/types.ts'
import { getPresent, type YMap, type YNode } from '../yaml/nodes.ts'

export const namePatterns: Record<ElementKind, RegExp> = {
  command: /^[a-z][a-z\d_-]*$/,
  executor: /^[a-z][a-z\d_-]*$/,
  job: /^[A-Za-z][A-Za-z\s\d_-]*$/,
}

const controlNames = ['run', 'when', 'unless', 'steps']

/** Makes the tables of a scope from its text; names are checked (spec: config-language.md 5.1, 5.2). */
export function makeUnit(root: YMap, name: string, isConfig: boolean, world: World): Unit {
  const unit: Unit = {
    name,
    isConfig,
    root,
    jobs: new Map(),
    commands: new Map(),
    executors: new Map(),
    orbs: new Map(),
    missingOrbs: new Set(),
    faultless: false,
  }
  fill(unit.jobs, 'job', 'jobs', unit, world)
  if (!world.modern) return unit
  fill(unit.commands, 'command', 'commands', unit, world)
  fill(unit.executors, 'executor', 'executors', unit, world)
  checkCase(unit, world)
  checkReserved(unit, world)
  return unit
}

function fill(table: Map<string, Element>, kind: ElementKind, block: string, unit: Unit, world: World): void {
  const definitions = getPresent(unit.root, block)
  if (definitions?.kind !== 'map') return
  for (const [name, { key, value }] of definitions.entries) {
    table.set(name, { kind, name, key, node: value, unit, declared: undefined })
    if (world.modern && !namePatterns[kind].test(name)) {
      const message = `Invalid ${kind} name ${cut(name)}: must match ${namePatterns[kind].source}`
      world.report.add('C120', key, message)
    }
  }
}

function checkCase(unit: Unit, world: World): void {
  const seen = new Map<string, YNode>()
  for (const { name, key } of unit.jobs.values()) {
    const first = seen.get(name.toLowerCase())
    if (!first) {
      seen.set(name.toLowerCase(), key)
      continue
    }
    const related = [{ message: 'the other name', node: first }]
    const other = first.kind === 'scalar' ? first.text : ''
    world.report.add('C120', key, `Invalid job name ${cut(name)}: differs from ${cut(other)} only in case`, { related })
  }
}

function checkReserved(unit: Unit, world: World): void {
  for (const { name, key } of unit.commands.values()) {
    if (controlNames.includes(name)) world.report.add('C402', key, `${name} is a reserved step name`)
  }
}
