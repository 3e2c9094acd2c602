import { randomUUID } from 'node:crypto'
import { OrreryError } from '@orrery/protocol'
import type { Selectable } from 'kysely'
import type { EngineContext } from '../context.ts'
import type { Project } from '../engine.ts'
import { secretOwner } from '../secrets/secret-box.ts'
import type { ProjectsTable } from '../store/schema.ts'

/** Throws ORY_PROJECT_EXISTS. */
export function createProject(
  ctx: EngineContext,
  request: { slug: string; name: string; defaultBranch: string },
): Promise<Project> {
  return ctx.transact(async (tx) => {
    const row = await tx.db
      .insertInto('projects')
      .values({
        id: randomUUID(),
        slug: request.slug,
        name: request.name,
        default_branch: request.defaultBranch,
        created_at: tx.now,
      })
      .onConflict((conflict) => conflict.column('slug').doNothing())
      .returningAll()
      .executeTakeFirst()
    if (!row) throw new OrreryError('ORY_PROJECT_EXISTS', [request.slug])
    tx.event('project.created', { projectId: row.id }, { slug: row.slug })
    return toProject(row)
  })
}

export async function projectBySlug(ctx: EngineContext, slug: string): Promise<Project | null> {
  const row = await ctx.db.selectFrom('projects').selectAll().where('slug', '=', slug).executeTakeFirst()
  return row ? toProject(row) : null
}

export async function projectById(ctx: EngineContext, id: string): Promise<Project | null> {
  const row = await ctx.db.selectFrom('projects').selectAll().where('id', '=', id).executeTakeFirst()
  return row ? toProject(row) : null
}

export async function listProjects(ctx: EngineContext): Promise<Project[]> {
  const rows = await ctx.db.selectFrom('projects').selectAll().orderBy('slug').execute()
  return rows.map(toProject)
}

/** Sets or replaces; the event names the variable, never its value. */
export function setProjectVariable(ctx: EngineContext, projectId: string, name: string, value: string): Promise<void> {
  checkName(name)
  return ctx.transact(async (tx) => {
    const project = await tx.db.selectFrom('projects').select('id').where('id', '=', projectId).executeTakeFirst()
    if (!project) throw new OrreryError('ORY_NOT_FOUND', ['Project'])
    const sealed = ctx.secrets.seal(secretOwner.project(project.id, name), value)
    await tx.db
      .insertInto('project_variables')
      .values({ project_id: project.id, name, sealed })
      .onConflict((conflict) => conflict.columns(['project_id', 'name']).doUpdateSet({ sealed }))
      .execute()
    tx.event('project.variable_set', { projectId: project.id }, { name })
  })
}

export function setContextVariable(ctx: EngineContext, context: string, name: string, value: string): Promise<void> {
  checkName(name)
  return ctx.transact(async (tx) => {
    const { id } = await tx.db
      .insertInto('contexts')
      .values({ id: randomUUID(), name: context, created_at: tx.now })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ name: context }))
      .returning('id')
      .executeTakeFirstOrThrow()
    const sealed = ctx.secrets.seal(secretOwner.context(id, name), value)
    await tx.db
      .insertInto('context_variables')
      .values({ context_id: id, name, sealed })
      .onConflict((conflict) => conflict.columns(['context_id', 'name']).doUpdateSet({ sealed }))
      .execute()
    tx.event('context.variable_set', {}, { context, name })
  })
}

/** Grammar of execution.md 9.3: anything else could not be exported by a shell. */
function checkName(name: string): void {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,299}$/.test(name)) return
  throw new OrreryError('ORY_BAD_REQUEST', [`${JSON.stringify(name)} is not the name of a variable`])
}

function toProject(row: Selectable<ProjectsTable>): Project {
  return { id: row.id, slug: row.slug, name: row.name, defaultBranch: row.default_branch }
}
