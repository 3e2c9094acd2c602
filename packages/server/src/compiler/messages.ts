import type { CompileInput, CompileResult, OrbResolver } from '@orrery/config'

/** Everything a compile needs but the resolver, which lives on our side of the thread. */
export type CompileRequest = Omit<CompileInput, 'orbResolver'>

export type OrbAnswer = Awaited<ReturnType<OrbResolver['resolve']>>

export type ToThread = { kind: 'compile'; request: CompileRequest } | { kind: 'orb'; id: number; answer: OrbAnswer }

export type FromThread =
  /** The thread has loaded all it needs and turns to the config. */
  | { kind: 'began' }
  | { kind: 'orb'; id: number; reference: string }
  | { kind: 'done'; result: CompileResult }
  /** A fault of the compiler itself. */
  | { kind: 'failed'; stack: string }
