import type { JobSummary } from '@orrery/protocol'
import { Link } from '@tanstack/react-router'
import { StatusPill } from './Status.tsx'
import { Age, Duration } from './Time.tsx'
import { canApprove } from './WorkflowGraph.tsx'

/** The same jobs as a table: with numbers, times and reasons, which have no room in the graph. */
export function JobTable({
  workflowId,
  jobs,
  onApprove,
}: {
  workflowId: string
  jobs: readonly JobSummary[]
  onApprove: (job: JobSummary) => void
}) {
  return (
    <div className="table-scroll">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Job</th>
            <th scope="col">Status</th>
            <th scope="col" className="right">
              Number
            </th>
            <th scope="col" className="right">
              Duration
            </th>
            <th scope="col">Started</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.id}>
              <td>
                {job.type === 'build' ? (
                  <Link to="/workflow/$workflowId/job/$jobId" params={{ workflowId, jobId: job.id }}>
                    {job.name}
                  </Link>
                ) : (
                  job.name
                )}
                {job.type !== 'build' && <span className="tag">{job.type}</span>}
                {job.reason !== null && <p className="muted">{job.reason}</p>}
              </td>
              <td>
                <StatusPill status={job.status} />
                {canApprove(job) && (
                  <button type="button" className="button small" onClick={() => onApprove(job)}>
                    Approve
                  </button>
                )}
              </td>
              <td className="right num muted">{job.jobNumber}</td>
              <td className="right">
                <Duration from={job.startedAt} to={job.stoppedAt} />
              </td>
              <td className="muted nowrap">{job.startedAt !== null && <Age at={job.startedAt} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
