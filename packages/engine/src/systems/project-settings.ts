import { OrreryError, type ProjectSettings } from '@orrery/protocol'
import type { Selectable } from 'kysely'
import type { EngineContext } from '../context.ts'
import type { Actor } from '../engine.ts'
import type { ProjectsTable } from '../store/schema.ts'

/** Throws ORY_NOT_FOUND; so do those below. */
export async function projectSettings(ctx: EngineContext, projectId: string): Promise<ProjectSettings> {
  const row = await ctx.db.selectFrom('projects').selectAll().where('id', '=', projectId).executeTakeFirst()
  if (!row) throw new OrreryError('ORY_NOT_FOUND', ['Project'])
  return toSettings(row)
}

/** Keys that are not given stay as they are. */
export function changeProjectSettings(
  ctx: EngineContext,
  projectId: string,
  changes: Partial<ProjectSettings>,
  actor: Actor,
): Promise<ProjectSettings> {
  return ctx.transact(async (tx) => {
    const row = await tx.db
      .updateTable('projects')
      .set((eb) => ({
        disable_ssh: changes.disableSsh ?? eb.ref('disable_ssh'),
        forks_read_caches: changes.forksReadCaches ?? eb.ref('forks_read_caches'),
      }))
      .where('id', '=', projectId)
      .returningAll()
      .executeTakeFirst()
    if (!row) throw new OrreryError('ORY_NOT_FOUND', ['Project'])
    tx.event('project.settings_changed', { projectId }, { changes, actor: actor.login })
    return toSettings(row)
  })
}

/**
 * The layers lie on the runners, any of which may be away. So none is told: the next job of the project brings the
 * generation that counts, and its runner drops what is older (execution.md 6.3).
 */
export function purgeLayers(ctx: EngineContext, projectId: string, actor: Actor): Promise<void> {
  return ctx.transact(async (tx) => {
    const row = await tx.db
      .updateTable('projects')
      .set((eb) => ({ layer_generation: eb('layer_generation', '+', 1) }))
      .where('id', '=', projectId)
      .returning('id')
      .executeTakeFirst()
    if (!row) throw new OrreryError('ORY_NOT_FOUND', ['Project'])
    tx.event('project.layers_purged', { projectId }, { actor: actor.login })
  })
}

function toSettings(row: Selectable<ProjectsTable>): ProjectSettings {
  return { disableSsh: row.disable_ssh, forksReadCaches: row.forks_read_caches }
}
