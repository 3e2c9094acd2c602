import type { JobSummary, WorkflowView } from '@orrery/protocol'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { workflowQuery } from '../api/queries.ts'
import { ApproveDialog } from '../components/ApproveDialog.tsx'
import { Breadcrumbs } from '../components/Breadcrumbs.tsx'
import { CommitMeta } from '../components/CommitMeta.tsx'
import { ErrorState, Skeleton } from '../components/Feedback.tsx'
import { JobTable } from '../components/JobTable.tsx'
import { StatusPill } from '../components/Status.tsx'
import { Age, Duration } from '../components/Time.tsx'
import { useTitle } from '../components/useTitle.ts'
import { WorkflowActions } from '../components/WorkflowActions.tsx'
import { canApprove, WorkflowGraph } from '../components/WorkflowGraph.tsx'

/** `/workflow/:id`, and the longer address that names the pipeline too. */
export function WorkflowPage() {
  const { workflowId = '' } = useParams({ strict: false })
  const query = useQuery(workflowQuery(workflowId))
  if (query.data !== undefined) return <Workflow workflow={query.data} />
  if (query.error !== null) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />
  return <Skeleton rows={2} height={140} />
}

function Workflow({ workflow }: { workflow: WorkflowView }) {
  useTitle(`${workflow.name} · ${workflow.pipeline.projectName} #${workflow.pipeline.number}`)
  const [asked, setAsked] = useState<string>()
  const ask = (job: JobSummary) => {
    if (canApprove(job)) setAsked(job.id)
  }
  const askedJob = workflow.jobs.find((job) => job.id === asked)
  return (
    <>
      <Breadcrumbs pipeline={workflow.pipeline} trail={[{ text: workflow.name }]} />
      <div className="page-head">
        <StatusPill status={workflow.status} />
        <h1 className="ellipsis">{workflow.name}</h1>
        <span className="head-duration">
          <Duration from={workflow.createdAt} to={workflow.stoppedAt} />
        </span>
        <div className="page-actions">
          <WorkflowActions workflow={workflow} />
        </div>
      </div>
      <p className="page-meta">
        <span className="ellipsis">{workflow.pipeline.subject}</span>
        <CommitMeta pipeline={workflow.pipeline} />
        <span className="muted">
          <Age at={workflow.createdAt} />
        </span>
      </p>
      <WorkflowGraph workflowId={workflow.id} jobs={workflow.jobs} onApprove={ask} />
      <JobTable workflowId={workflow.id} jobs={workflow.jobs} onApprove={ask} />
      {askedJob !== undefined && canApprove(askedJob) && (
        <ApproveDialog
          workflowId={workflow.id}
          job={askedJob}
          waiting={workflow.jobs.filter((job) => job.requires.includes(askedJob.id)).map((job) => job.name)}
          onClose={() => setAsked(undefined)}
        />
      )}
    </>
  )
}
