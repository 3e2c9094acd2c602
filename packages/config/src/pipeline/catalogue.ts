/**
 * The names of pipeline values (spec: config-language.md 7.1). A name of `conditional` has no value at all in pipelines
 * of another kind; any other known name without a value is null.
 */
const always = `
id number name definition.id
project.git_url project.type project.slug integration_source
git.branch git.tag git.branch.is_default git.revision git.base_revision
git.repo_url git.repo_owner git.repo_name git.repo_id
git.commit.url git.commit.subject git.commit.body git.commit.author_login
git.commit.author_name git.commit.author_email git.commit.author_avatar_url git.ssh_checkout_url
config.repository.name config.repository.url config.file_path config.ref config.sha config_source
trigger.received_at trigger.id trigger.name trigger.type trigger_source
schedule.name schedule.id event.name event.action event.context.github.pr_url
`

const conditional = `
event.github.ref event.github.after event.github.head_commit.url
event.github.pull_request.title event.github.pull_request.url event.github.pull_request.number
event.github.pull_request.base.ref event.github.pull_request.base.sha
event.github.pull_request.head.ref event.github.pull_request.head.sha
event.github.pull_request.draft event.github.pull_request.merged
event.github.label.name event.github.comment.body
event.github.sender.type event.github.sender.login event.github.sender.avatar_url
event.github.repository.name event.github.repository.url event.github.repository.owner.login
trigger_parameters.webhook.body
trigger_parameters.circleci.trigger_type trigger_parameters.circleci.event_time
trigger_parameters.circleci.event_type trigger_parameters.github_app.total_commits_count
trigger_parameters.gitlab.type trigger_parameters.gitlab.commit_author_email
trigger_parameters.gitlab.default_branch trigger_parameters.gitlab.x_gitlab_event_id
trigger_parameters.gitlab.is_fork_merge_request
deploy.component_name deploy.environment_name deploy.target_version deploy.current_version
deploy.namespace deploy.reason
`

const ofBothApps = `
ref checkout_sha user_id user_name user_username user_avatar repo_name repo_url web_url commit_sha commit_title
commit_message commit_timestamp commit_author_name branch
`

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}

const known = new Map<string, 'always' | 'conditional'>()
for (const name of words(always)) known.set(`pipeline.${name}`, 'always')
for (const name of words(conditional)) known.set(`pipeline.${name}`, 'conditional')
for (const name of words(ofBothApps)) {
  known.set(`pipeline.trigger_parameters.github_app.${name}`, 'conditional')
  known.set(`pipeline.trigger_parameters.gitlab.${name}`, 'conditional')
}

export const pipelineValueNames: readonly string[] = [...known.keys()]

/** Whether a name is in the catalogue, and whether its value depends on the kind of pipeline. */
export function pipelineValueKind(name: string): 'always' | 'conditional' | undefined {
  return known.get(name)
}
