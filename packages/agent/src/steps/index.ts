import type { Step, StepKind } from '@orrery/protocol'
import type { StepContext, StepResult } from './step.ts'

/** What every step kind offers. */
interface StepModule<K extends StepKind> {
  execute(step: Extract<Step, { kind: K }>, context: StepContext): Promise<StepResult>
}

/** The agent's vocabulary (spec: execution.md 10.1). A kind is loaded when the first step of it comes. */
const kinds: { [K in StepKind]: () => Promise<StepModule<K>> } = {
  run: () => import('./run/index.ts'),
  checkout: () => import('./checkout/index.ts'),
  save_cache: () => import('./save-cache/index.ts'),
  restore_cache: () => import('./restore-cache/index.ts'),
  persist_to_workspace: () => import('./persist-to-workspace/index.ts'),
  attach_workspace: () => import('./attach-workspace/index.ts'),
  store_artifacts: () => import('./store-artifacts/index.ts'),
  store_test_results: () => import('./store-test-results/index.ts'),
  setup_remote_docker: () => import('./setup-remote-docker/index.ts'),
  add_ssh_keys: () => import('./add-ssh-keys/index.ts'),
}

/** Executes one attempt of any step. */
export async function executeStep(step: Step, context: StepContext): Promise<StepResult> {
  return await load(step.kind).then((module) => module.execute(step, context))
}

/** The table above pairs each kind with its module; the type system cannot follow that through a union. */
function load(kind: StepKind): Promise<StepModule<StepKind>> {
  return kinds[kind]() as Promise<StepModule<StepKind>>
}
