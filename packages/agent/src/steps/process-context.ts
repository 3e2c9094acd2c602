import type { Program, ProgramEnd } from '../process/run-program.ts'
import type { GitProxy } from './checkout/git-proxy.ts'
import type { StepContext } from './step.ts'

/** What the kinds that start programs need beside the common part. */
export interface ProcessContext extends StepContext {
  /** The job's shell line, or the platform's default (spec: execution.md 10.2). */
  readonly shell: string
  /** Runs a program on the step's terminal; its output goes to the log, the step's signal ends it. */
  run(program: Program): Promise<ProgramEnd>
  /** The way to the repository for git; opened once for the task. */
  openGitProxy(): Promise<GitProxy>
  /** Variables that all later steps of the task have, below those of the config. */
  setVariables(variables: Readonly<Record<string, string>>): void
  /** Asks the runner for something that concerns the place itself; the answer's body, or an Error with its message. */
  askPlace(path: string, body: unknown): Promise<unknown>
  /** Settings that git has in all later steps of the task, whatever user they run as. */
  addGitConfig(settings: readonly GitSetting[]): void
  /** Starts the task's ssh-agent, which later steps find by `SSH_AUTH_SOCK`. Answers its socket; undefined without one. */
  startKeyAgent(): Promise<string | undefined>
}

export type GitSetting = readonly [key: string, value: string]
