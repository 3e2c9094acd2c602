import type { Env } from './scope/types.ts'
import type { SelectedWorkflow } from './workflows/compile.ts'
import type { CompiledWorkflow } from './workflows/invocation.ts'
import type { YMap } from './yaml/nodes.ts'

/** What a compile leaves behind for the tools that explain it: nodes with their places, before they become plain data. */
export interface Trace {
  root: YMap
  /** The scope of the config itself. */
  env: Env
  /** Workflows whose conditions hold; empty when the compile did not get that far. */
  workflows: { compiled: CompiledWorkflow; selected: SelectedWorkflow }[]
}
