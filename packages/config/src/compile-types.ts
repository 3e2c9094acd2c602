import type { Diagnostic } from './diagnostics.ts'
import type { Plan, Scalar } from './plan.ts'

/** The only door outside. Deterministic per (reference, lock). */
export interface OrbResolver {
  /** Source text of `namespace/orb@version` or of a URL orb, or why it cannot be had. */
  resolve(reference: string): Promise<FoundOrb | OrbRefusal>
}

export interface FoundOrb {
  ok: true
  /** The exact version, or the URL. */
  resolved: string
  digest: string
  text: string
  /** There is a lock, and it lacks this reference. */
  unlocked?: true
}

/**
 * `code` tells a refusal by policy (C422), by the allow-list of addresses (C423) or by the lock (C436) from an orb that
 * cannot be found.
 */
export interface OrbRefusal {
  ok: false
  reason: string
  code?: 'C422' | 'C423' | 'C436'
}

/** Compatibility options (config-language.md 0.2). */
export interface CompileOptions {
  undeclaredPipelineParams: 'error' | 'null'
  regexDialect: 'permissive' | 'linear'
  v2Dialect: 'legacy' | 'as-2.1'
  numericEnv: 'decimal' | 'exponential'
  unknownKeys: 'error' | 'warn'
  /** An installation's own limit of jobs in one workflow (C603); 5000 when absent. */
  maxJobsPerWorkflow?: number
}

export interface CompileInput {
  /** `file` is used only in diagnostics. */
  source: { text: string; file: string }
  /** Flat keys, e.g. "pipeline.git.branch"; an absent key is an undefined value. */
  pipelineValues: Record<string, Scalar | null>
  /** Arguments supplied by the trigger or by a continuation. */
  pipelineArgs: Record<string, Scalar>
  phase: 'initial' | 'continuation'
  /**
   * Only with `continuation`: the setup config's text and the arguments the pipeline was triggered with. `pipelineArgs`
   * are then those of the continuation call alone (20.6, 20.7).
   */
  continues?: { setup: string; triggerArgs: Record<string, Scalar> }
  orbResolver: OrbResolver
  options: CompileOptions
}

export interface CompileResult {
  ok: boolean
  /** Sorted by (file, line, column, code). */
  diagnostics: Diagnostic[]
  /** YAML of the compiled config (22.1), only when there are no error diagnostics. */
  compiled?: string
  plan?: Plan
  isSetup: boolean
  orbLock: { alias: string; requested: string; resolved: string; digest: string }[]
}
