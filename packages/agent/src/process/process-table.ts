import { endSessions } from './sessions.ts'
import type { Terminal } from './terminal.ts'

/**
 * The sessions that steps of this task started, with their terminals. What a step leaves in the background stays here
 * until the task ends (spec: execution.md 10.3, rule 3).
 */
export class ProcessTable {
  readonly #sessions = new Set<number>()
  readonly #terminals = new Set<Terminal>()

  add(session: number, terminal: Terminal | undefined): void {
    this.#sessions.add(session)
    if (terminal !== undefined) this.#terminals.add(terminal)
  }

  /** SIGTERM for all that is left, up to `graceMs` to obey, then SIGKILL. */
  async end(graceMs: number): Promise<void> {
    await endSessions(this.#sessions, graceMs)
    for (const terminal of this.#terminals) terminal.close()
    this.#terminals.clear()
  }
}
