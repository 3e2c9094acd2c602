import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { pipelinesQuery, projectsQuery } from '../api/queries.ts'
import { EmptyPipelines } from '../components/EmptyPipelines.tsx'
import { ErrorState, Skeleton } from '../components/Feedback.tsx'
import { Icon } from '../components/Icon.tsx'
import { PipelineRow } from '../components/PipelineRow.tsx'
import { useTitle } from '../components/useTitle.ts'

/** All pipelines, newest first, of one project or of all. */
export function PipelinesPage() {
  const { project, branch } = useSearch({ strict: false })
  const navigate = useNavigate()
  const pipelines = useInfiniteQuery(pipelinesQuery(project, branch))
  const projects = useQuery(projectsQuery).data
  const current = projects?.find((one) => one.slug === project)
  const title = current?.name ?? project ?? 'Pipelines'
  useTitle(title)
  const rows = pipelines.data?.pages.flatMap((page) => page.items) ?? []

  return (
    <>
      <div className="page-head">
        <h1>{title}</h1>
        {branch !== undefined && (
          <button
            type="button"
            className="chip"
            aria-label={`Branch ${branch}; show all branches`}
            onClick={() => void navigate({ to: '/pipelines', search: project === undefined ? {} : { project } })}
          >
            <Icon name="branch" /> {branch} <Icon name="close" />
          </button>
        )}
      </div>
      {pipelines.isPending && <Skeleton />}
      {pipelines.error !== null && <ErrorState error={pipelines.error} onRetry={() => void pipelines.refetch()} />}
      {pipelines.data !== undefined && rows.length === 0 && projects !== undefined && (
        <EmptyPipelines project={current ?? projects[0]} />
      )}
      {rows.length > 0 && (
        <ol className="rows" aria-label="Pipelines, newest first">
          {rows.map((pipeline) => (
            <PipelineRow key={pipeline.id} pipeline={pipeline} showProject={project === undefined} />
          ))}
        </ol>
      )}
      {pipelines.hasNextPage && (
        <button
          type="button"
          className="button more"
          disabled={pipelines.isFetchingNextPage}
          onClick={() => void pipelines.fetchNextPage()}
        >
          {pipelines.isFetchingNextPage ? 'Loading…' : 'Older pipelines'}
        </button>
      )}
    </>
  )
}
