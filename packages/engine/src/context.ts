import type { Kysely } from 'kysely'
import type { EngineOptions } from './engine.ts'
import type { SecretBox } from './secrets/secret-box.ts'
import type { Schema } from './store/schema.ts'
import type { Signals } from './store/signals.ts'
import { type Tx, transact } from './store/transaction.ts'

/** What every system is given; none reaches for a global. */
export interface EngineContext {
  readonly db: Kysely<Schema>
  readonly signals: Signals
  readonly secrets: SecretBox
  readonly options: EngineOptions
  /** One transaction with its events and notices (store/transaction.ts). */
  transact<T>(work: (tx: Tx) => Promise<T>): Promise<T>
}

export function createContext(parts: Omit<EngineContext, 'transact'>): EngineContext {
  return { ...parts, transact: (work) => transact(parts.db, parts.options.clock.now(), work) }
}
