import type { JobSummary } from '@orrery/protocol'
import { approve } from '../api/actions.ts'
import { Dialog } from './Dialog.tsx'
import { Icon } from './Icon.tsx'
import { useAction } from './useAction.ts'

/** Asks before an approval lets the jobs behind it run: it cannot be taken back. */
export function ApproveDialog({
  workflowId,
  job,
  waiting,
  onClose,
}: {
  workflowId: string
  job: JobSummary & { approvalRequestId: string }
  /** Names of the jobs that wait for it. */
  waiting: readonly string[]
  onClose: () => void
}) {
  const action = useAction({
    run: () => approve(workflowId, job.approvalRequestId),
    done: `Approved ${job.name}`,
    stale: ['workflow', workflowId],
    onDone: onClose,
  })
  return (
    <Dialog title={`Approve ${job.name}?`} onClose={onClose}>
      {waiting.length === 0 ? (
        <p>No job waits for it.</p>
      ) : (
        <>
          <p>This lets {waiting.length === 1 ? 'one job' : `${waiting.length} jobs`} run, and cannot be taken back:</p>
          <ul className="waiting">
            {waiting.map((name) => (
              <li key={name}>{name}</li>
            ))}
          </ul>
        </>
      )}
      <footer className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
        <button type="button" className="button primary" disabled={action.isPending} onClick={() => action.mutate()}>
          <Icon name="check" /> Approve
        </button>
      </footer>
    </Dialog>
  )
}
