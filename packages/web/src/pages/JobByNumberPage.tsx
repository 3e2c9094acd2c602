import { useQuery } from '@tanstack/react-query'
import { Navigate, useParams, useSearch } from '@tanstack/react-router'
import { ApiError } from '../api/client.ts'
import { workflowQuery } from '../api/queries.ts'
import { ErrorState, Skeleton } from '../components/Feedback.tsx'

const route = '/pipelines/$vcs/$org/$project/$number/workflows/$workflowId/jobs/$jobNumber'

/** The address of a job by its number, as stored in commit statuses and chats: goes on to the one by id. */
export function JobByNumberPage() {
  const { workflowId, jobNumber } = useParams({ from: route })
  const search = useSearch({ from: route })
  const query = useQuery(workflowQuery(workflowId))
  if (query.error !== null) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />
  if (query.data === undefined) return <Skeleton rows={2} />
  const job = query.data.jobs.find((one) => one.jobNumber === Number(jobNumber))
  if (job === undefined) {
    return (
      <ErrorState error={new ApiError(404, `Job ${jobNumber} is not part of this workflow.`, 'Check the address.')} />
    )
  }
  return (
    <Navigate
      to="/workflow/$workflowId/job/$jobId"
      params={{ workflowId, jobId: job.id }}
      search={search}
      hash={window.location.hash.slice(1)}
      replace
    />
  )
}
