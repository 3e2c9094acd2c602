import type { EnvironmentLayer } from '@orrery/protocol'
import type { Kysely } from 'kysely'
import { type SecretBox, secretOwner } from '../secrets/secret-box.ts'
import type { Schema } from '../store/schema.ts'

/**
 * Project and context variables in the clear, lowest precedence first: project, then contexts in the job's order
 * (execution.md 9.2). Layers without variables are left out.
 */
export async function loadVariables(
  db: Kysely<Schema>,
  secrets: SecretBox,
  projectId: string,
  contexts: readonly string[],
): Promise<EnvironmentLayer[]> {
  const ofProject = await db
    .selectFrom('project_variables')
    .select(['name', 'sealed'])
    .where('project_id', '=', projectId)
    .orderBy('name')
    .execute()
  const layers: EnvironmentLayer[] = [
    {
      source: 'project',
      vars: Object.fromEntries(
        ofProject.map((row) => [row.name, secrets.open(secretOwner.project(projectId, row.name), row.sealed)]),
      ),
    },
  ]
  if (contexts.length > 0) {
    const ofContexts = await db
      .selectFrom('context_variables')
      .innerJoin('contexts', 'contexts.id', 'context_variables.context_id')
      .select(['contexts.id', 'contexts.name as context', 'context_variables.name', 'sealed'])
      .where('contexts.name', 'in', contexts)
      .orderBy('context_variables.name')
      .execute()
    for (const context of new Set(contexts)) {
      const rows = ofContexts.filter((row) => row.context === context)
      const open = rows.map((row) => [row.name, secrets.open(secretOwner.context(row.id, row.name), row.sealed)])
      layers.push({ source: `context:${context}`, vars: Object.fromEntries(open) })
    }
  }
  return layers.filter((layer) => Object.keys(layer.vars).length > 0)
}
