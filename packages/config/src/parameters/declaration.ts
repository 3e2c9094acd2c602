import type { YNode, YScalar } from '../yaml/nodes.ts'

export const parameterTypes = ['string', 'boolean', 'integer', 'enum', 'executor', 'steps', 'env_var_name'] as const
export type ParameterType = (typeof parameterTypes)[number]

export interface Declaration {
  name: string
  type: ParameterType
  /** Members of an enum. */
  members: YScalar[]
  /** Absent when the argument is required. */
  default?: YNode
}
