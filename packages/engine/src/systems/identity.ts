import { OrreryError, type TokenRequest } from '@orrery/protocol'
import type { Kysely } from 'kysely'
import type { EngineContext } from '../context.ts'
import { withholdsSecrets } from '../decisions/trust.ts'
import type { TaskLease } from '../engine.ts'
import { identityClaims, type TokenWish } from '../job-spec/identity.ts'
import { loadTaskFacts, type TaskFacts } from '../job-spec/task-facts.ts'
import { heldTask } from '../store/queries/leased-task.ts'
import type { Schema } from '../store/schema.ts'

/** Both tokens that every job has in its environment; undefined for a fork without secrets, and where nobody signs. */
export async function jobTokens(ctx: EngineContext, facts: TaskFacts): Promise<{ v1: string; v2: string } | undefined> {
  const sign = await signerOf(ctx, facts)
  if (sign === undefined) return undefined
  const [v1, v2] = await Promise.all([sign({ version: 1 }), sign({ version: 2 })])
  return { v1, v2 }
}

/** One more token for a job that runs; ORY_TASK_GONE when it does not, ORY_NO_IDENTITY when it may have none. */
export async function issueToken(ctx: EngineContext, lease: TaskLease, request: TokenRequest): Promise<string> {
  await heldTask(ctx.db, lease)
  const sign = await signerOf(ctx, await loadTaskFacts(ctx.db, lease.taskId))
  if (sign === undefined) throw new OrreryError('ORY_NO_IDENTITY')
  return sign({ version: 2, ...request })
}

async function signerOf(ctx: EngineContext, facts: TaskFacts) {
  const { signToken, publicUrl, clock } = ctx.options
  if (signToken === undefined || withholdsSecrets(facts.pipeline.fork)) return undefined
  const contextIds = await idsOf(ctx.db, facts.contexts)
  return (wish: TokenWish) => signToken(identityClaims({ ...facts, contextIds }, wish, { publicUrl, now: clock.now() }))
}

/** In the order of the names. */
async function idsOf(db: Kysely<Schema>, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return []
  const rows = await db
    .selectFrom('contexts')
    .select(['id', 'name'])
    .where('name', 'in', [...names])
    .execute()
  return [...new Set(names)].flatMap((name) => rows.find((row) => row.name === name)?.id ?? [])
}
