import type { PipelineView } from '@orrery/protocol'
import type { UseQueryResult } from '@tanstack/react-query'
import { useQuery } from '@tanstack/react-query'
import { Link, Navigate, useParams } from '@tanstack/react-router'
import { pipelineByNumberQuery, pipelineQuery } from '../api/queries.ts'
import { Breadcrumbs } from '../components/Breadcrumbs.tsx'
import { CommitMeta } from '../components/CommitMeta.tsx'
import { Empty, ErrorState, Skeleton } from '../components/Feedback.tsx'
import { PipelineErrors } from '../components/PipelineErrors.tsx'
import { StatusPill } from '../components/Status.tsx'
import { Age, Duration } from '../components/Time.tsx'
import { useTitle } from '../components/useTitle.ts'
import { pipelineParams } from '../links.ts'
import { pipelineStatus } from '../status.ts'

/** `/pipelines/:vcs/:org/:project/:number` */
export function PipelinePage() {
  const { vcs, org, project, number } = useParams({ from: '/pipelines/$vcs/$org/$project/$number' })
  const query = useQuery(pipelineByNumberQuery(`${vcs}/${org}/${project}`, Number(number)))
  return <Loaded query={query}>{(pipeline) => <Pipeline pipeline={pipeline} />}</Loaded>
}

/** `/pipeline/:id`: goes on to the address with the number. */
export function PipelineByIdPage() {
  const { pipelineId } = useParams({ from: '/pipeline/$pipelineId' })
  const query = useQuery(pipelineQuery(pipelineId))
  return (
    <Loaded query={query}>
      {(pipeline) => <Navigate to="/pipelines/$vcs/$org/$project/$number" params={pipelineParams(pipeline)} replace />}
    </Loaded>
  )
}

function Loaded({
  query,
  children,
}: {
  query: UseQueryResult<PipelineView>
  children: (pipeline: PipelineView) => React.ReactNode
}) {
  if (query.data !== undefined) return children(query.data)
  if (query.error !== null) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />
  return <Skeleton rows={3} />
}

function Pipeline({ pipeline }: { pipeline: PipelineView }) {
  useTitle(`${pipeline.projectName} #${pipeline.number}`)
  const params = pipelineParams(pipeline)
  const workflows = pipeline.workflows.toSorted((a, b) => b.createdAt.localeCompare(a.createdAt))
  return (
    <>
      <Breadcrumbs pipeline={pipeline} trail={[]} />
      <div className="page-head">
        <StatusPill status={pipelineStatus(pipeline)} />
        <h1 className="ellipsis">{pipeline.subject === '' ? `Pipeline ${pipeline.number}` : pipeline.subject}</h1>
      </div>
      <p className="page-meta">
        <CommitMeta pipeline={pipeline} />
        <span className="muted">{pipeline.trigger}</span>
        <span className="muted">
          <Age at={pipeline.createdAt} />
        </span>
      </p>
      {pipeline.errors.length > 0 && <PipelineErrors errors={pipeline.errors} />}
      {workflows.length > 0 && (
        <ul className="cards" aria-label="Workflows">
          {workflows.map((workflow) => (
            <li key={workflow.id}>
              <Link
                to="/pipelines/$vcs/$org/$project/$number/workflows/$workflowId"
                params={{ ...params, workflowId: workflow.id }}
                className="card"
              >
                <StatusPill status={workflow.status} />
                <strong className="ellipsis">{workflow.name}</strong>
                <span className="card-end">
                  <Duration from={workflow.createdAt} to={workflow.stoppedAt} />
                  <span className="muted">
                    <Age at={workflow.createdAt} />
                  </span>
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
      {workflows.length === 0 && pipeline.errors.length === 0 && (
        <Empty
          title={pipeline.state === 'created' ? 'No workflow of this config matches this push' : 'Reading the config…'}
        />
      )}
    </>
  )
}
