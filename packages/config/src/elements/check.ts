import { checkDeclarations } from '../parameters/declare.ts'
import { cut } from '../report/suggest.ts'
import { type Element, type Env, makeEnv, type Unit } from '../scope/types.ts'
import { warnDangling } from '../steps/expand.ts'
import { containsTemplate } from '../templates/evaluate.ts'
import type { CompiledWorkflow } from '../workflows/invocation.ts'
import { get, getPresent, isString, pairs } from '../yaml/nodes.ts'
import { findElement, isKnown } from './find.ts'

/** Checks the definitions of a config and its orbs, used or not: parameters and alias chains (phase P6). */
export function checkUnits(unit: Unit, env: Env, seen = new Set<Unit>()): void {
  if (!env.world.modern || seen.has(unit)) return
  seen.add(unit)
  if (unit.faultless) return
  const { report } = env.world
  const before = report.calls
  const scope = makeEnv(env.world, unit)
  for (const table of [unit.executors, unit.commands, unit.jobs]) {
    for (const element of table.values()) {
      if (isString(element.node)) findElement(element.kind, element.node.value, element.node, scope)
      else checkDeclarations(element, scope)
    }
  }
  unit.faultless = report.calls === before && isLasting(unit)
  for (const orb of unit.orbs.values()) checkUnits(orb, env, seen)
}

/** Whether a unit depends on nothing outside, so that it is the same in every compile. */
function isLasting({ isConfig, orbs, missingOrbs, executors, commands, jobs }: Unit): boolean {
  if (isConfig || orbs.size > 0 || missingOrbs.size > 0) return false
  return [executors, commands, jobs].every((table) => [...table.values()].every(hasFixedDefaults))
}

/** A template in a default is evaluated with the values of the pipeline. */
function hasFixedDefaults({ node }: Element): boolean {
  return pairs(get(node, 'parameters')).every(([, { value }]) => {
    const given = get(value, 'default')
    return !given || !containsTemplate(given)
  })
}

/** Warns of references to nothing inside jobs that no workflow uses and commands that no job can reach (W904). */
export function warnUnused(unit: Unit, workflows: CompiledWorkflow[], env: Env): void {
  const used = new Set(workflows.flatMap(({ invocations }) => invocations.map((one) => one.definition)))
  for (const job of unit.jobs.values()) {
    if (used.has(job.name) || isString(job.node)) continue
    warnSteps(job, env)
    const executor = getPresent(job.node, 'executor')
    const name = isString(executor) ? executor : get(executor, 'name')
    if (!isString(name) || name.value.includes('<<') || isKnown('executor', name.value, unit)) continue
    const message = `Cannot find a definition for executor named ${cut(name.value)}; it is never used`
    env.world.report.add('W904', name, message)
  }
  for (const command of unit.commands.values()) warnSteps(command, env)
}

function warnSteps(element: Element, env: Env): void {
  const steps = get(element.node, 'steps')
  if (steps) warnDangling(steps, env)
}
