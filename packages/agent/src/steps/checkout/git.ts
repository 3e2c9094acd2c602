import { execFile } from 'node:child_process'
import { startFailure } from '../../process/exit-code.ts'
import type { ProgramEnd } from '../../process/run-program.ts'
import type { GitSetting, ProcessContext } from '../process-context.ts'
import { programResult } from '../program-result.ts'
import type { StepResult } from '../step.ts'

/** A git command ended other than well; `result` is the step's. */
export class GitFailure extends Error {
  readonly result: StepResult

  constructor(result: StepResult) {
    super('git failed')
    this.name = 'GitFailure'
    this.result = result
  }
}

/** Runs git commands of one checkout on the step's terminal. */
export class Git {
  readonly #context: ProcessContext
  readonly #options: readonly string[]
  readonly #env: Record<string, string>

  /** `env` is added to the step's variables. */
  constructor(context: ProcessContext, settings: readonly GitSetting[], env: Record<string, string>) {
    this.#context = context
    // Options and not environment: git before 2.31 does not read settings from there.
    this.#options = settings.flatMap(([key, value]) => ['-c', `${key}=${value}`])
    // A question for a password would wait for an answer until the step times out.
    this.#env = { ...context.env, ...env, GIT_TERMINAL_PROMPT: '0' }
  }

  /** @throws GitFailure unless it exits with 0. */
  async run(cwd: string, ...args: string[]): Promise<void> {
    const end = await this.#start(cwd, args)
    if (end.kind === 'exited' && end.exitCode === 0) return
    throw this.#failure(end)
  }

  /** True when it exits with 0. */
  async tries(cwd: string, ...args: string[]): Promise<boolean> {
    const end = await this.#start(cwd, args)
    if (end.kind === 'exited') return end.exitCode === 0
    throw this.#failure(end)
  }

  /** As `tries`, for questions whose answer is no news: nothing goes to the log. */
  async holds(cwd: string, ...args: string[]): Promise<boolean> {
    return (
      (await quiet('git', [...this.#options, ...args], { cwd, env: this.#env, signal: this.#context.signal })) !==
      undefined
    )
  }

  #start(cwd: string, args: readonly string[]): Promise<ProgramEnd> {
    const { noOutputTimeoutS } = this.#context.spec.limits
    return this.#context.run({ argv: ['git', ...this.#options, ...args], cwd, env: this.#env, noOutputTimeoutS })
  }

  #failure(end: ProgramEnd): GitFailure {
    return new GitFailure(programResult(end, 'git', this.#context.spec.limits.noOutputTimeoutS, this.#context))
  }
}

/** The version of the image's git, e.g. `2.39.5`; undefined when there is none. */
export async function gitVersion({ env, signal }: ProcessContext): Promise<string | undefined> {
  const said = await quiet('git', ['--version'], { env, signal })
  return said === undefined ? undefined : (/\d+\.\d+(?:\.\d+)?/.exec(said)?.[0] ?? 'unknown')
}

/** Is there an ssh client? */
export async function hasSsh({ env, signal }: ProcessContext): Promise<boolean> {
  return (await quiet('ssh', ['-V'], { env, signal })) !== undefined
}

interface QuietOptions {
  cwd?: string
  env: Record<string, string>
  signal: AbortSignal
}

/**
 * What the program writes to stdout, or undefined when it is not there or exits with another code than 0. Rejects when
 * the system refuses to start anything like this, for example because the environment is too large.
 */
function quiet(program: string, args: readonly string[], options: QuietOptions): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    try {
      execFile(program, args, options, (error, stdout) => resolve(error === null ? stdout : undefined))
    } catch (error) {
      reject(new Error(`${program}: ${startFailure(error).text}`))
    }
  })
}
