import { z } from 'zod'

/** One link of the chain that led to a step: config line, command, orb (outermost first). */
export const SourceRef = z.object({
  file: z.string(),
  line: z.number().int(),
  column: z.number().int(),
  /** What stands there, for example `job build` or `command setup`. */
  what: z.string().optional(),
})
export type SourceRef = z.infer<typeof SourceRef>

/** When a step runs: see the step engine in execution.md 10.1. */
export const StepWhen = z.enum(['always', 'on_success', 'on_fail'])
export type StepWhen = z.infer<typeof StepWhen>

const common = {
  /** Shown name; the compiler has filled the default in (execution.md 10.1). */
  name: z.string(),
  /** Absent = the kind's default: `always` for the two `store_*` steps, else `on_success`. */
  when: StepWhen.optional(),
  origin: z.array(SourceRef).default([]),
}

export const RunStep = z.object({
  kind: z.literal('run'),
  ...common,
  command: z.string(),
  shell: z.string().optional(),
  environment: z.record(z.string(), z.string()).default({}),
  background: z.boolean().default(false),
  /** The deprecated `deploy` step: on node 0 only, when all other nodes have succeeded (execution.md 10.1). */
  deploy: z.boolean().optional(),
  workingDirectory: z.string().optional(),
  /** Seconds; absent = the task's default. */
  noOutputTimeoutS: z.number().positive().optional(),
  maxAutoReruns: z.number().int().min(1).max(5).optional(),
  autoRerunDelayS: z.number().min(0).max(600).optional(),
})
export type RunStep = z.infer<typeof RunStep>

export const CheckoutStep = z.object({
  kind: z.literal('checkout'),
  ...common,
  method: z.enum(['blobless', 'full']).default('blobless'),
  path: z.string().optional(),
})
export type CheckoutStep = z.infer<typeof CheckoutStep>

export const SaveCacheStep = z.object({
  kind: z.literal('save_cache'),
  ...common,
  /** Template, rendered by the agent at step time (execution.md 11.3). */
  key: z.string(),
  paths: z.array(z.string()),
})
export type SaveCacheStep = z.infer<typeof SaveCacheStep>

export const RestoreCacheStep = z.object({
  kind: z.literal('restore_cache'),
  ...common,
  /** `key` first, then `keys`, in order: templates; each matches as a prefix. */
  keys: z.array(z.string()),
})
export type RestoreCacheStep = z.infer<typeof RestoreCacheStep>

export const PersistToWorkspaceStep = z.object({
  kind: z.literal('persist_to_workspace'),
  ...common,
  root: z.string(),
  paths: z.array(z.string()),
})
export type PersistToWorkspaceStep = z.infer<typeof PersistToWorkspaceStep>

export const AttachWorkspaceStep = z.object({ kind: z.literal('attach_workspace'), ...common, at: z.string() })
export type AttachWorkspaceStep = z.infer<typeof AttachWorkspaceStep>

export const StoreArtifactsStep = z.object({
  kind: z.literal('store_artifacts'),
  ...common,
  path: z.string(),
  destination: z.string().optional(),
})
export type StoreArtifactsStep = z.infer<typeof StoreArtifactsStep>

export const StoreTestResultsStep = z.object({ kind: z.literal('store_test_results'), ...common, path: z.string() })
export type StoreTestResultsStep = z.infer<typeof StoreTestResultsStep>

export const SetupRemoteDockerStep = z.object({
  kind: z.literal('setup_remote_docker'),
  ...common,
  version: z.string().optional(),
  dockerLayerCaching: z.boolean().default(false),
})
export type SetupRemoteDockerStep = z.infer<typeof SetupRemoteDockerStep>

export const AddSshKeysStep = z.object({
  kind: z.literal('add_ssh_keys'),
  ...common,
  fingerprints: z.array(z.string()).default([]),
})
export type AddSshKeysStep = z.infer<typeof AddSshKeysStep>

/**
 * A step as the agent executes it. The list of kinds is the agent's vocabulary (execution.md 10.1); conditional steps
 * and commands are gone, the compiler resolved them.
 */
export const Step = z.discriminatedUnion('kind', [
  RunStep,
  CheckoutStep,
  SaveCacheStep,
  RestoreCacheStep,
  PersistToWorkspaceStep,
  AttachWorkspaceStep,
  StoreArtifactsStep,
  StoreTestResultsStep,
  SetupRemoteDockerStep,
  AddSshKeysStep,
])
export type Step = z.infer<typeof Step>
export type StepKind = Step['kind']
