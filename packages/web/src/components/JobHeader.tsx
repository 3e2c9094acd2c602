import type { JobView } from '@orrery/protocol'
import type { ReactNode } from 'react'
import { cancelJob } from '../api/actions.ts'
import { formatBytes } from '../links.ts'
import { isOpenJob } from '../status.ts'
import { formatDuration } from '../time.ts'
import { jobUsage } from '../usage.ts'
import { Breadcrumbs } from './Breadcrumbs.tsx'
import { CommitMeta } from './CommitMeta.tsx'
import { Icon } from './Icon.tsx'
import { RerunWithSsh } from './RerunWithSsh.tsx'
import { StatusPill } from './Status.tsx'
import { Age, Duration } from './Time.tsx'
import { useAction } from './useAction.ts'
import { RerunButton } from './WorkflowActions.tsx'

/** What job this is, how it is, where it runs, and what can be done about it. */
export function JobHeader({ job }: { job: JobView }) {
  return (
    <>
      <Breadcrumbs
        pipeline={job.pipeline}
        trail={[{ text: job.workflow.name, workflowId: job.workflow.id }, { text: job.name }]}
      />
      <div className="page-head">
        <StatusPill status={job.status} />
        <h1 className="ellipsis">{job.name}</h1>
        <span className="head-duration">
          <Duration from={job.startedAt} to={job.stoppedAt} />
        </span>
        <div className="page-actions">
          <JobActions job={job} />
        </div>
      </div>
      <p className="page-meta">
        <span className="ellipsis">{job.pipeline.subject}</span>
        <CommitMeta pipeline={job.pipeline} />
        {job.startedAt !== null && (
          <span className="muted">
            <Age at={job.startedAt} />
          </span>
        )}
      </p>
      <dl className="facts">
        <Fact name="Executor">{job.executor}</Fact>
        <Fact name="Resource class">{job.resourceClass}</Fact>
        {job.contexts.length > 0 && <Fact name="Contexts">{job.contexts.join(', ')}</Fact>}
        {job.parallelism > 1 && (
          <Fact name="Parallelism">
            <span className="num">{job.parallelism}</span>
          </Fact>
        )}
        {job.jobNumber !== null && (
          <Fact name="Number">
            <span className="num">{job.jobNumber}</span>
          </Fact>
        )}
        <UsageFacts job={job} />
      </dl>
      {job.reason !== null && (
        <p className="notice" data-tone={job.status === 'success' ? 'success' : 'waiting'}>
          <Icon name="help" /> {job.reason}
        </p>
      )}
    </>
  )
}

/** What it waited for a runner, and what it used: by this people choose a resource class. */
function UsageFacts({ job }: { job: JobView }) {
  const { waitedMs, cpuMs, memoryBytes } = jobUsage(job.tasks)
  return (
    <>
      {waitedMs !== null && (
        <Fact name="Waited">
          <span className="num">{formatDuration(waitedMs)}</span>
        </Fact>
      )}
      {cpuMs !== null && (
        <Fact name="Processor time">
          <span className="num">{formatDuration(cpuMs)}</span>
        </Fact>
      )}
      {memoryBytes !== null && (
        <Fact name="Most memory">
          <span className="num">{formatBytes(memoryBytes)}</span>
        </Fact>
      )}
    </>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function JobActions({ job }: { job: JobView }) {
  const cancel = useAction({ run: () => cancelJob(job.id), done: `Canceling ${job.name}`, stale: ['job', job.id] })
  if (isOpenJob(job.status)) {
    return (
      <button type="button" className="button" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
        <Icon name="ban" /> Cancel
      </button>
    )
  }
  return (
    <>
      {job.workflow.status === 'failed' && (
        <RerunButton workflow={job.workflow} scope={{ from_failed: true }} label="Rerun from failed" />
      )}
      <RerunButton workflow={job.workflow} scope={{}} label="Rerun workflow" />
      <RerunWithSsh job={job} />
    </>
  )
}
