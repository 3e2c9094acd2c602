import type { ProjectView } from '@orrery/protocol'
import { CopyText } from './CopyText.tsx'
import { Empty } from './Feedback.tsx'

/** The way to the first pipeline, as commands to copy. `project` = one that waits for its first push. */
export function EmptyPipelines({ project }: { project: ProjectView | undefined }) {
  if (project !== undefined) {
    return (
      <Empty title="No pipeline yet">
        <ol className="first-steps">
          <li>
            Push a commit with a <code>.circleci/config.yml</code>:
            <CopyText text={`git push ${project.gitUrl} HEAD`} label="Copy the push command" />
          </li>
          <li>Its pipeline shows up here by itself, as soon as the push has arrived.</li>
        </ol>
      </Empty>
    )
  }
  return (
    <Empty title="No project yet">
      <ol className="first-steps">
        <li>
          Add your repository as a project:
          <CopyText
            text="orrery project add ~/code/shop --name acme/shop"
            label="Copy the command that adds a project"
          />
        </li>
        <li>
          Push a commit with a <code>.circleci/config.yml</code> to the address that the command prints:
          <CopyText
            text={`git push ${window.location.origin}/git/local/acme/shop.git HEAD`}
            label="Copy the push command"
          />
        </li>
        <li>Its pipeline shows up here by itself, as soon as the push has arrived.</li>
      </ol>
    </Empty>
  )
}
