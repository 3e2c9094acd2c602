import type { PipelineView } from '@orrery/protocol'
import { Link } from '@tanstack/react-router'
import { Fragment } from 'react'
import { pipelineParams } from '../links.ts'
import { Icon } from './Icon.tsx'

export type Crumb = { text: string; workflowId?: string }

/** Project › #number › workflow › here. `trail` has what lies below the pipeline; its last entry is this page. */
export function Breadcrumbs({
  pipeline,
  trail,
}: {
  pipeline: Pick<PipelineView, 'projectSlug' | 'projectName' | 'number'>
  trail: readonly Crumb[]
}) {
  const params = pipelineParams(pipeline)
  return (
    <nav className="crumbs" aria-label="Breadcrumbs">
      <Link to="/pipelines" search={{ project: pipeline.projectSlug }}>
        {pipeline.projectName}
      </Link>
      <Icon name="chevron" />
      {trail.length === 0 ? (
        <span aria-current="page" className="num">{`#${pipeline.number}`}</span>
      ) : (
        <Link to="/pipelines/$vcs/$org/$project/$number" params={params} className="num">{`#${pipeline.number}`}</Link>
      )}
      {trail.map((crumb) => (
        <Fragment key={crumb.text}>
          <Icon name="chevron" />
          {crumb.workflowId === undefined ? (
            <span aria-current="page">{crumb.text}</span>
          ) : (
            <Link
              to="/pipelines/$vcs/$org/$project/$number/workflows/$workflowId"
              params={{ ...params, workflowId: crumb.workflowId }}
            >
              {crumb.text}
            </Link>
          )}
        </Fragment>
      ))}
    </nav>
  )
}
