import { pipelineValueKind, pipelineValueNames } from '../pipeline/catalogue.ts'
import type { Code } from '../report/catalogue.ts'
import { suggest } from '../report/suggest.ts'
import type { Env, Value } from '../scope/types.ts'
import { scalarAt, type YScalar } from '../yaml/nodes.ts'

/** Why a name has no value here. */
export interface Fault {
  code: Code
  message: string
  hint?: string
}

export type Lookup = { value: Value } | { undefinedName: string } | { fault: Fault }

const prefix = 'pipeline.parameters.'

/** Whether a text is the name of something in a namespace: `parameters.x`, `pipeline.x`, `matrix.x`. */
export function isReference(text: string, env: Env): boolean {
  if (/^(?:parameters|matrix|pipeline)\.[^\s()"'<>=!|&/]+$/.test(text)) return true
  return text.startsWith(prefix) && env.world.pipelineParameters.has(text.slice(prefix.length))
}

/** Finds the value of a reference in scope (spec: config-language.md 6.5, 6.7). */
export function lookUp(name: string, env: Env, at: YScalar): Lookup {
  if (name.startsWith('parameters.')) return elementParameter(name.slice('parameters.'.length), env)
  if (name.startsWith('matrix.')) return matrixValue(name.slice('matrix.'.length), env)
  if (name.startsWith(prefix)) return pipelineParameter(name, env, at)
  return pipelineValue(name, env, at)
}

function elementParameter(name: string, env: Env): Lookup {
  const value = env.params?.get(name)
  if (value) return { value }
  const hint = env.world.report.didYouMean(name, env.params?.keys() ?? [])
  return fault('C320', `Arguments referenced without declared parameters: parameters.${name}`, hint)
}

function matrixValue(name: string, env: Env): Lookup {
  const value = env.matrix?.get(name)
  if (value) return { value }
  const hint = env.matrix
    ? env.world.report.didYouMean(name, env.matrix.keys())
    : 'matrix values exist only in a workflow entry that has `matrix`; in a job use its parameters'
  return fault('C323', `matrix.${name} is not available here`, hint)
}

function pipelineParameter(name: string, env: Env, at: YScalar): Lookup {
  const { pipelineParameters, options, report } = env.world
  const known = env.unit.isConfig ? pipelineParameters.get(name.slice(prefix.length)) : undefined
  if (known?.kind === 'scalar') return { value: scalarAt(at, known.value, { text: known.text, substituted: true }) }
  if (options.undeclaredPipelineParams === 'null') {
    report.add('W902', at, `${name} is not declared and was treated as null`, { stack: env.stack })
    return { value: scalarAt(at, null, { substituted: true }) }
  }
  const hint = env.unit.isConfig
    ? report.didYouMean(name.slice(prefix.length), pipelineParameters.keys())
    : 'an orb cannot see the pipeline parameters of the config; pass them as arguments'
  return fault('C321', `Referred to a variable "${name}" that does not exist`, hint)
}

function pipelineValue(name: string, env: Env, at: YScalar): Lookup {
  const kind = pipelineValueKind(name)
  if (kind === undefined) {
    const hint = env.world.report.didYouMean(name, pipelineValueNames) ?? nearNamespace(name)
    return fault('C322', `Referred to a variable "${name}" that does not exist`, hint)
  }
  const values = env.world.pipelineValues
  const value = Object.hasOwn(values, name) ? values[name] : undefined
  if (value !== undefined) return { value: scalarAt(at, value, { substituted: true }) }
  return kind === 'always' ? { value: scalarAt(at, null, { substituted: true }) } : { undefinedName: name }
}

/** `paramters.x` is no variable, but near to one. */
function nearNamespace(name: string): string | undefined {
  const [space = '', ...rest] = name.split('.')
  const near = suggest(space, ['parameters', 'matrix', 'pipeline'])[0]
  return near === undefined ? undefined : `did you mean "${[near, ...rest].join('.')}"?`
}

function fault(code: Code, message: string, hint: string | undefined): Lookup {
  return { fault: { code, message, ...(hint === undefined ? {} : { hint }) } }
}
