import type { Scalar } from '@orrery/config'
import type { PendingPipeline } from '@orrery/engine'

export interface ValueSources {
  pipeline: PendingPipeline
  provider: { type: string; repositoryUrl: string }
  configPath: string
  /** Commit of the previous pipeline of the branch; null on the first, on tags, and for API triggers. */
  baseRevision: string | null
}

/**
 * Pipeline values (config-language.md 7.1) of a push or an API trigger: null where the value is known but empty. An
 * absent key is a value that is not populated for this event, and naming it in an expression is an error, so nothing is
 * filled in for show.
 */
export function pipelineValues({
  pipeline,
  provider,
  configPath,
  baseRevision,
}: ValueSources): Record<string, Scalar | null> {
  const { vcs, project } = pipeline
  const [, owner = '', name = ''] = project.slug.split('/')
  const isPush = pipeline.trigger === 'webhook'
  const event = isPush ? 'push' : 'api'
  return {
    'pipeline.id': pipeline.id,
    'pipeline.number': pipeline.number,
    'pipeline.name': project.name,
    'pipeline.project.git_url': provider.repositoryUrl,
    'pipeline.project.type': provider.type,
    'pipeline.project.slug': project.slug,
    'pipeline.integration_source': provider.type,
    'pipeline.git.tag': vcs.tag ?? null,
    'pipeline.git.branch': vcs.branch ?? null,
    'pipeline.git.branch.is_default': vcs.branch === project.defaultBranch,
    'pipeline.git.revision': vcs.revision,
    'pipeline.git.base_revision': baseRevision,
    'pipeline.git.repo_url': provider.repositoryUrl,
    'pipeline.git.repo_owner': owner,
    'pipeline.git.repo_name': name,
    'pipeline.git.repo_id': project.id,
    'pipeline.git.commit.subject': vcs.subject,
    'pipeline.git.commit.body': vcs.body,
    'pipeline.git.commit.author_login': vcs.author,
    'pipeline.config.repository.name': `${owner}/${name}`,
    'pipeline.config.repository.url': provider.repositoryUrl,
    'pipeline.config.file_path': configPath,
    'pipeline.config.ref': vcs.tag === undefined ? `refs/heads/${vcs.branch ?? ''}` : `refs/tags/${vcs.tag}`,
    'pipeline.config.sha': vcs.revision,
    'pipeline.config_source': 'vcs',
    'pipeline.trigger.received_at': pipeline.createdAt.toISOString(),
    'pipeline.trigger.type': isPush ? provider.type : 'api',
    'pipeline.trigger_source': pipeline.trigger,
    'pipeline.schedule.name': null,
    'pipeline.schedule.id': null,
    'pipeline.event.name': event,
    'pipeline.event.action': event,
  }
}
