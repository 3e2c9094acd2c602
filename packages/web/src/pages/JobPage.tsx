import type { JobView, TaskView } from '@orrery/protocol'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams, useSearch } from '@tanstack/react-router'
import { jobQuery } from '../api/queries.ts'
import { ArtifactsTab } from '../components/ArtifactsTab.tsx'
import { Empty, ErrorState, Skeleton } from '../components/Feedback.tsx'
import { JobHeader } from '../components/JobHeader.tsx'
import { StatusMark } from '../components/Status.tsx'
import { StepList } from '../components/StepList.tsx'
import { TestsTab } from '../components/TestsTab.tsx'
import { useTitle } from '../components/useTitle.ts'
import { statusInfo } from '../status.ts'

const route = '/workflow/$workflowId/job/$jobId'
const tabs = [
  { tab: undefined, name: 'Steps' },
  { tab: 'tests', name: 'Tests' },
  { tab: 'artifacts', name: 'Artifacts' },
] as const

export function JobPage() {
  const { jobId } = useParams({ from: route })
  const query = useQuery(jobQuery(jobId))
  if (query.data !== undefined) return <Job key={query.data.id} job={query.data} />
  if (query.error !== null) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />
  return <Skeleton rows={5} height={44} />
}

function Job({ job }: { job: JobView }) {
  useTitle(
    `${job.name} ${statusInfo(job.status).label.toLowerCase()} · ${job.pipeline.projectName} #${job.pipeline.number}`,
  )
  const { workflowId, jobId } = useParams({ from: route })
  const { tab, node } = useSearch({ from: route })
  const parallel = job.parallelism > 1
  const broken = job.tasks.find((task) => statusInfo(task.status).tone === 'failed')
  const task = job.tasks.find((one) => one.index === node) ?? broken ?? job.tasks[0]
  return (
    <>
      <JobHeader job={job} />
      <nav className="tabs" aria-label="Parts of this job">
        {tabs.map((one) => (
          <Link
            key={one.name}
            from={route}
            to={route}
            params={{ workflowId, jobId }}
            search={{ ...(one.tab === undefined ? {} : { tab: one.tab }), ...(node === undefined ? {} : { node }) }}
            className="tab"
            activeOptions={{ exact: true }}
            aria-current={one.tab === tab ? 'page' : undefined}
            resetScroll={false}
          >
            {one.name}
          </Link>
        ))}
      </nav>
      {tab === 'tests' && <TestsTab job={job} />}
      {tab === 'artifacts' && <ArtifactsTab jobId={job.id} parallel={parallel} />}
      {tab === undefined && (
        <>
          {parallel && task !== undefined && <NodeTabs tasks={job.tasks} current={task.index} />}
          {task === undefined ? (
            <Empty title={statusInfo(job.status).tone === 'ended' ? 'This job did not run' : 'Waiting for a runner'} />
          ) : (
            <StepList key={task.index} jobId={job.id} task={task} />
          )}
        </>
      )}
    </>
  )
}

/** One tab per node of a parallel job. */
function NodeTabs({ tasks, current }: { tasks: readonly TaskView[]; current: number }) {
  const { workflowId, jobId } = useParams({ from: route })
  return (
    <nav className="nodes" aria-label="Nodes">
      {tasks.map((task) => (
        <Link
          key={task.index}
          to={route}
          params={{ workflowId, jobId }}
          search={{ node: task.index }}
          className="node-tab num"
          activeOptions={{ exact: true }}
          aria-current={task.index === current ? 'page' : undefined}
          resetScroll={false}
        >
          <StatusMark status={task.status} />
          {task.index}
        </Link>
      ))}
    </nav>
  )
}
