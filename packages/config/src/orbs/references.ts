import { findElement } from '../elements/find.ts'
import { type Element, type Env, makeEnv, type Unit, type World } from '../scope/types.ts'
import { builtins } from '../steps/vocabulary.ts'
import { get, getPresent, isString, pairs, type YNode } from '../yaml/nodes.ts'

/** Reports every reference of an orb to a command or an executor that is nowhere, called or not. */
export function checkReferences(unit: Unit, world: World): void {
  const env = makeEnv(world, unit)
  for (const element of [...unit.jobs.values(), ...unit.commands.values()]) {
    if (isString(element.node)) continue
    const inBuiltin = builtins.has(element.name) && element.kind === 'command' ? element.name : undefined
    const steps = get(element.node, 'steps')
    if (steps) checkSteps(steps, inBuiltin, env)
    if (element.kind === 'job') checkExecutor(getPresent(element.node, 'executor'), env)
    checkDefaults(element, env)
  }
}

/** Defaults of parameters that hold steps or name an executor. */
function checkDefaults(element: Element, env: Env): void {
  for (const [, { value }] of pairs(get(element.node, 'parameters'))) {
    const type = get(value, 'type')
    const given = getPresent(value, 'default')
    if (!given || !isString(type)) continue
    if (type.value === 'steps') checkSteps(given, undefined, env)
    if (type.value === 'executor') checkExecutor(given, env)
  }
}

function checkExecutor(written: YNode | undefined, env: Env): void {
  const name = written?.kind === 'map' ? get(written, 'name') : written
  if (isString(name) && !name.value.includes('<<')) findElement('executor', name.value, name, env)
}

function checkSteps(steps: YNode, own: string | undefined, env: Env): void {
  const list = steps.kind === 'seq' ? steps.items : steps.kind === 'map' ? [steps] : []
  for (const step of list) {
    const [name, value] = isString(step) ? [step.value, undefined] : [pairs(step)[0]?.[0], pairs(step)[0]?.[1].value]
    if (name === undefined || name.includes('<<')) continue
    if (name === 'steps') checkSteps(value ?? step, own, env)
    else if (name === 'when' || name === 'unless') checkSteps(get(value, 'steps') ?? step, own, env)
    else if (name === own || !builtins.has(name)) checkCall(name, value, step, own, env)
  }
}

function checkCall(name: string, value: YNode | undefined, step: YNode, own: string | undefined, env: Env): void {
  // In the body of a command named like a built-in, the name means the built-in (5.2).
  if (name === own) return
  const command = findElement('command', name, step, env)
  if (!command) return
  for (const [parameter, { value: declaration }] of pairs(get(command.node, 'parameters'))) {
    const type = get(declaration, 'type')
    const given = get(value, parameter)
    if (given && isString(type) && type.value === 'steps') checkSteps(given, own, env)
    if (given && isString(type) && type.value === 'executor') checkExecutor(given, env)
  }
}
