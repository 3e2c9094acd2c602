import { repositoryUrl } from './builtin-variables.ts'
import { organizationId, organizationOf, userId } from './ids.ts'
import type { TaskFacts } from './task-facts.ts'

/** How long a token of a job is good, s (execution.md 9.5). */
const lifetimeS = 3600
/** Existing trust policies ask for these names, whoever issues the token (platform.md 15). */
const namespace = 'oidc.circleci.com'

export interface TokenWish {
  /** 1: the subject names project and person; 2: also the branch or tag. */
  version: 1 | 2
  audience?: string | string[] | undefined
  rootIssuer?: boolean
}

/** What others may believe of a job: the claims of a signed token (platform.md 15). */
export function identityClaims(
  facts: TaskFacts & { contextIds: readonly string[] },
  { version, audience, rootIssuer = false }: TokenWish,
  { publicUrl, now }: { publicUrl: string; now: Date },
): Record<string, unknown> {
  const { job, workflow, pipeline, project } = facts
  const organization = organizationId(organizationOf(project.slug))
  const origin = repositoryUrl(publicUrl, project.slug).replace(/^[a-z]+:\/\/|\.git$/g, '')
  const ref = pipeline.tag === null ? `refs/heads/${pipeline.branch ?? ''}` : `refs/tags/${pipeline.tag}`
  const subject = `org/${organization}/project/${project.id}/user/${userId(pipeline.actor)}`
  const issuedAt = Math.floor(now.getTime() / 1000)
  return {
    iss: issuerOf(publicUrl, rootIssuer ? undefined : organization),
    sub: version === 1 ? subject : `${subject}/vcs-origin/${origin}/vcs-ref/${ref}`,
    aud: audience ?? organization,
    iat: issuedAt,
    exp: issuedAt + lifetimeS,
    [`${namespace}/context-ids`]: facts.contextIds,
    [`${namespace}/job-id`]: job.id,
    [`${namespace}/org-id`]: organization,
    [`${namespace}/pipeline-id`]: pipeline.id,
    [`${namespace}/project-id`]: project.id,
    [`${namespace}/ssh-rerun`]: job.isSshRerun,
    [`${namespace}/vcs-origin`]: origin,
    [`${namespace}/vcs-ref`]: ref,
    [`${namespace}/workflow-id`]: workflow.id,
  }
}

/** The address under which tokens can be verified; without an organization that of the installation. */
export function issuerOf(publicUrl: string, organization?: string): string {
  return organization === undefined ? `${publicUrl}/oidc` : `${publicUrl}/oidc/org/${organization}`
}
