import type { Insertable } from 'kysely'
import type { JobsTable } from '../schema.ts'
import type { Tx } from '../transaction.ts'

/** A statement takes at most 65,535 parameters; a workflow may have 5,000 jobs. */
const rowsPerStatement = 1000

export async function insertJobs(tx: Tx, rows: readonly Insertable<JobsTable>[]): Promise<void> {
  for (let from = 0; from < rows.length; from += rowsPerStatement) {
    await tx.db
      .insertInto('jobs')
      .values(rows.slice(from, from + rowsPerStatement))
      .execute()
  }
}
