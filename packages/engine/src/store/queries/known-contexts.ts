import type { Kysely } from 'kysely'
import type { Schema } from '../schema.ts'

/** Those of the named contexts that exist. */
export async function knownContexts(db: Kysely<Schema>, names: readonly string[]): Promise<Set<string>> {
  if (names.length === 0) return new Set()
  const rows = await db
    .selectFrom('contexts')
    .select('name')
    .where('name', 'in', [...new Set(names)])
    .execute()
  return new Set(rows.map((row) => row.name))
}
