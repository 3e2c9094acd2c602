import type { PipelineView } from '@orrery/protocol'
import { Link } from '@tanstack/react-router'
import { pipelineParams } from '../links.ts'
import { latestWorkflows, pipelineStatus } from '../status.ts'
import { CommitMeta } from './CommitMeta.tsx'
import { FirstError } from './PipelineErrors.tsx'
import { StatusMark, StatusPill } from './Status.tsx'
import { Age, Duration } from './Time.tsx'

/** One pipeline of the list: what happened, to which commit, in which workflows, when. */
export function PipelineRow({ pipeline, showProject }: { pipeline: PipelineView; showProject: boolean }) {
  const params = pipelineParams(pipeline)
  return (
    <li className="row" data-tone={pipeline.state === 'errored' ? 'failed' : undefined}>
      <div className="row-status">
        <StatusPill status={pipelineStatus(pipeline)} />
      </div>
      <div className="row-main">
        <p className="row-title">
          <Link to="/pipelines/$vcs/$org/$project/$number" params={params} className="row-link">
            {showProject && <span className="row-project">{pipeline.projectName}</span>}
            <span className="num row-number">#{pipeline.number}</span>
            <span className="ellipsis">{pipeline.subject === '' ? 'No commit message' : pipeline.subject}</span>
          </Link>
        </p>
        <CommitMeta pipeline={pipeline} />
      </div>
      <ul className="row-workflows" aria-label="Workflows">
        {latestWorkflows(pipeline.workflows).map((workflow) => (
          <li key={workflow.id}>
            <Link
              to="/pipelines/$vcs/$org/$project/$number/workflows/$workflowId"
              params={{ ...params, workflowId: workflow.id }}
              className="chip"
            >
              <StatusMark status={workflow.status} />
              <span className="ellipsis">{workflow.name}</span>
              {workflow.runs > 1 && (
                <span className="muted num" title={`Run ${workflow.runs} times`}>{`×${workflow.runs}`}</span>
              )}
              <Duration from={workflow.createdAt} to={workflow.stoppedAt} />
            </Link>
          </li>
        ))}
      </ul>
      <div className="row-age muted">
        <Age at={pipeline.createdAt} />
        <span className="row-trigger">{pipeline.trigger}</span>
      </div>
      <FirstError errors={pipeline.errors} />
    </li>
  )
}
