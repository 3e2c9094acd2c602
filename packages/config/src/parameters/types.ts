import { cut } from '../report/suggest.ts'
import { isClosure, type Value } from '../scope/types.ts'
import { get, isBroken, isInteger, isString, typeName, type YNode } from '../yaml/nodes.ts'
import type { Declaration } from './declaration.ts'

export interface TypeProblem {
  /** `"60" (type integer)` */
  found: string
  expected: string
  hint?: string
  /** An executor in none of the accepted forms: C411. */
  executorForm?: true
}

/**
 * `<< pipeline.git.tag >>` is null on a branch, and configs hand it to string parameters of jobs that only run on tags:
 * a null that a template gave is the empty text for a string.
 */
export function settleNull(value: Value, { type }: Declaration): Value {
  if (type !== 'string' || value.kind !== 'scalar' || value.value !== null) return value
  return value.substituted && !value.broken ? { ...value, value: '', text: '' } : value
}

const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Why a value does not fit a declaration, or undefined when it does (spec: config-language.md 11.4). */
export function typeProblem(declaration: Declaration, value: Value): TypeProblem | undefined {
  if (isClosure(value)) return value.kind === declaration.type ? undefined : problem(declaration, value)
  if (isBroken(value) || fits(declaration, value)) return undefined
  const found = problem(declaration, value)
  if (declaration.type === 'executor') return { ...found, executorForm: true }
  if (declaration.type === 'string' && value.kind === 'scalar' && value.value !== null && !value.substituted) {
    return { ...found, hint: `quote the value: "${cut(value.text)}"` }
  }
  if (declaration.type === 'boolean' && value.kind === 'scalar' && typeof value.value === 'string') {
    return { ...found, hint: 'write true or false without quotes' }
  }
  if (declaration.type === 'steps' && value.kind === 'map')
    return { ...found, hint: 'a single step must be a list too' }
  return found
}

function fits({ type, members }: Declaration, value: YNode): boolean {
  switch (type) {
    case 'string':
      return isString(value)
    case 'boolean':
      return value.kind === 'scalar' && typeof value.value === 'boolean'
    case 'integer':
      return isInteger(value)
    case 'enum':
      return value.kind === 'scalar' && members.some((member) => member.value === value.value)
    case 'env_var_name':
      return isString(value) && variableName.test(value.value)
    case 'executor':
      return isString(value) || isString(get(value, 'name'))
    case 'steps':
      return value.kind === 'seq' || (isString(value) && value.value.includes('<<'))
  }
}

function problem({ type, members }: Declaration, value: Value): TypeProblem {
  const expected = type === 'enum' ? `enum (${cut(members.map((member) => member.text).join(', '))})` : type
  if (isClosure(value)) return { expected, found: `(type ${value.kind})` }
  const shown = value.kind === 'scalar' ? `"${cut(value.text)}" ` : ''
  return { expected, found: `${shown}(type ${typeName(value)})` }
}
