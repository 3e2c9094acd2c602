import { upstreamOf } from '../decisions/workspace-view.ts'
import { organizationId, organizationOf } from './ids.ts'
import type { TaskFacts } from './task-facts.ts'

/**
 * The variables that the platform sets (execution.md 9.1). Those that only exist inside the place (`BASH_ENV`,
 * `CIRCLE_SHELL_ENV`, `CIRCLE_INTERNAL_TASK_DATA`) are the agent's.
 */
export function builtinVariables(facts: TaskFacts, publicUrl: string): Record<string, string> {
  const { job, workflow, pipeline, project } = facts
  const names = project.slug.split('/')
  const upstream = upstreamOf(job.id, facts.graph)
  const upstreamIds = facts.graph.filter((one) => upstream.has(one.id)).map((one) => one.id)
  const workflowUrl = `${publicUrl}/pipelines/${project.slug}/${pipeline.number}/workflows/${workflow.id}`
  return {
    CI: 'true',
    CIRCLECI: 'true',
    ...(pipeline.branch === null ? {} : { CIRCLE_BRANCH: pipeline.branch }),
    ...(pipeline.tag === null ? {} : { CIRCLE_TAG: pipeline.tag }),
    CIRCLE_BUILD_NUM: String(job.number),
    CIRCLE_BUILD_URL: `${workflowUrl}/jobs/${job.number}`,
    CIRCLE_JOB: job.name,
    CIRCLE_NODE_INDEX: String(facts.nodeIndex),
    CIRCLE_NODE_TOTAL: String(job.parallelism),
    CIRCLE_ORGANIZATION_ID: organizationId(organizationOf(project.slug)),
    CIRCLE_PIPELINE_ID: pipeline.id,
    CIRCLE_PROJECT_ID: project.id,
    CIRCLE_PROJECT_REPONAME: names.at(-1) ?? '',
    CIRCLE_PROJECT_USERNAME: names.at(-2) ?? '',
    CIRCLE_REPOSITORY_URL: repositoryUrl(publicUrl, project.slug),
    CIRCLE_SHA1: pipeline.revision,
    CIRCLE_STAGE: job.name,
    ...(pipeline.actor === '' ? {} : { CIRCLE_USERNAME: pipeline.actor }),
    CIRCLE_WORKFLOW_ID: workflow.id,
    CIRCLE_WORKFLOW_JOB_ID: job.id,
    ...(upstreamIds.length === 0 ? {} : { CIRCLE_WORKFLOW_UPSTREAM_JOB_IDS: upstreamIds.join(',') }),
    CIRCLE_WORKFLOW_WORKSPACE_ID: workflow.workspaceId,
    ...(job.plan.spec ? { CIRCLE_WORKING_DIRECTORY: job.plan.spec.workingDirectory } : {}),
  }
}

export function repositoryUrl(publicUrl: string, slug: string): string {
  return `${publicUrl}/git/${slug}.git`
}
