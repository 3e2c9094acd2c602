import type { Tx } from '../transaction.ts'

/**
 * Takes `count` job numbers of the project and answers the first (api.md 1.7: one counter for all jobs). Called last
 * in a transaction: the project's row is the one lock that workflows of a project share.
 */
export async function nextJobNumbers(tx: Tx, projectId: string, count: number): Promise<number> {
  const row = await tx.db
    .updateTable('projects')
    .set((eb) => ({ next_job_number: eb('next_job_number', '+', count) }))
    .where('id', '=', projectId)
    .returning('next_job_number')
    .executeTakeFirstOrThrow()
  return row.next_job_number - count
}
