import type { WorkflowView } from '@orrery/protocol'
import { useNavigate } from '@tanstack/react-router'
import type { RerunScope } from '../api/actions.ts'
import { cancelWorkflow, rerun } from '../api/actions.ts'
import { isEndedWorkflow, statusInfo } from '../status.ts'
import { Icon } from './Icon.tsx'
import { useAction } from './useAction.ts'

/** Cancel while it runs; run again from the start or from what failed once it has ended. */
export function WorkflowActions({ workflow }: { workflow: WorkflowView }) {
  const cancel = useAction({
    run: () => cancelWorkflow(workflow.id),
    done: `Canceling ${workflow.name}`,
    stale: ['workflow', workflow.id],
  })
  if (!isEndedWorkflow(workflow.status)) {
    return (
      <button type="button" className="button" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
        <Icon name="ban" /> Cancel
      </button>
    )
  }
  const broken = workflow.jobs.some((job) => {
    const { tone } = statusInfo(job.status)
    return tone === 'failed' || job.status === 'canceled'
  })
  return (
    <>
      {broken && <RerunButton workflow={workflow} scope={{ from_failed: true }} label="Rerun from failed" />}
      <RerunButton workflow={workflow} scope={{}} label="Rerun" />
    </>
  )
}

/** Starts a new workflow and goes there. */
export function RerunButton({
  workflow,
  scope,
  label,
}: {
  workflow: { id: string; name: string }
  scope: RerunScope
  label: string
}) {
  const navigate = useNavigate()
  const action = useAction({
    run: () => rerun(workflow.id, scope),
    done: `${workflow.name} runs again`,
    stale: ['pipelines'],
    onDone: (workflowId) => void navigate({ to: '/workflow/$workflowId', params: { workflowId } }),
  })
  return (
    <button type="button" className="button" disabled={action.isPending} onClick={() => action.mutate()}>
      <Icon name="rerun" /> {label}
    </button>
  )
}
