import { randomUUID } from 'node:crypto'
import { OrreryError, type UserKeyView } from '@orrery/protocol'
import type { EngineContext } from '../context.ts'
import { parseSshKey } from '../decisions/ssh-key.ts'
import type { Actor } from '../engine.ts'

/** Keys that one person may keep. */
const mostKeys = 50

/** Adding the same key again answers the one that is there. */
export function addUserKey(
  ctx: EngineContext,
  actor: Actor,
  key: { publicKey: string; name?: string | undefined },
): Promise<UserKeyView> {
  const parsed = parseSshKey(key.publicKey)
  return ctx.transact(async (tx) => {
    const { count } = await tx.db
      .selectFrom('user_ssh_keys')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('login', '=', actor.login)
      .executeTakeFirstOrThrow()
    if (Number(count) >= mostKeys) throw new OrreryError('ORY_CONFLICT', [`a person has at most ${mostKeys} SSH keys`])
    await tx.db
      .insertInto('user_ssh_keys')
      .values({
        id: randomUUID(),
        login: actor.login,
        name: key.name || parsed.comment || parsed.fingerprint,
        public_key: parsed.publicKey,
        fingerprint: parsed.fingerprint,
        created_at: tx.now,
      })
      .onConflict((conflict) => conflict.columns(['login', 'fingerprint']).doNothing())
      .execute()
    const row = await tx.db
      .selectFrom('user_ssh_keys')
      .selectAll()
      .where('login', '=', actor.login)
      .where('fingerprint', '=', parsed.fingerprint)
      .executeTakeFirstOrThrow()
    return toView(row)
  })
}

export async function listUserKeys(ctx: EngineContext, actor: Actor): Promise<UserKeyView[]> {
  const rows = await ctx.db
    .selectFrom('user_ssh_keys')
    .selectAll()
    .where('login', '=', actor.login)
    .orderBy('created_at')
    .execute()
  return rows.map(toView)
}

/** ORY_NOT_FOUND also for the key of somebody else. */
export async function removeUserKey(ctx: EngineContext, actor: Actor, id: string): Promise<void> {
  const gone = await ctx.db
    .deleteFrom('user_ssh_keys')
    .where('id', '=', id)
    .where('login', '=', actor.login)
    .returning('id')
    .executeTakeFirst()
  if (!gone) throw new OrreryError('ORY_NOT_FOUND', ['SSH key'])
}

function toView(row: {
  id: string
  name: string
  public_key: string
  fingerprint: string
  created_at: Date
}): UserKeyView {
  const { id, name, public_key: publicKey, fingerprint } = row
  return { id, name, publicKey, fingerprint, createdAt: row.created_at.toISOString() }
}
