import type { SiblingsAnswer } from '@orrery/protocol'
import type { EngineContext } from '../context.ts'
import type { TaskLease } from '../engine.ts'
import { heldTask } from '../store/queries/leased-task.ts'

/** How the other nodes of the task's job stand, for `deploy` steps (execution.md 10.1). */
export async function siblings(ctx: EngineContext, lease: TaskLease): Promise<SiblingsAnswer['state']> {
  const task = await heldTask(ctx.db, lease)
  const others = await ctx.db
    .selectFrom('tasks')
    .select(['state', 'outcome'])
    .where('job_id', '=', task.job_id)
    .where('id', '!=', task.id)
    .execute()
  if (others.some(({ state, outcome }) => state === 'ended' && outcome !== 'success')) return 'failed'
  return others.every(({ state }) => state === 'ended') ? 'success' : 'running'
}
