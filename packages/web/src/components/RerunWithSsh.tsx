import type { JobView, UserKeyView } from '@orrery/protocol'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { rerun } from '../api/actions.ts'
import { sshKeysQuery } from '../api/queries.ts'
import { Dialog } from './Dialog.tsx'
import { Icon } from './Icon.tsx'
import { useAction } from './useAction.ts'

/** Offered where it is allowed, and to people who have a key: without one, nobody could log in (spec: execution.md 19). */
export function RerunWithSsh({ job }: { job: JobView }) {
  const { data: keys } = useQuery(sshKeysQuery)
  const [asks, setAsks] = useState(false)
  // An approval, or a job that was skipped, has nothing to look into.
  if (!job.canRerunWithSsh || keys === undefined || keys.length === 0 || job.tasks.length === 0) return null
  return (
    <>
      <button type="button" className="button" onClick={() => setAsks(true)}>
        <Icon name="rerun" /> Rerun with SSH
      </button>
      {asks && <SshDialog job={job} keys={keys} onClose={() => setAsks(false)} />}
    </>
  )
}

function SshDialog({ job, keys, onClose }: { job: JobView; keys: readonly UserKeyView[]; onClose: () => void }) {
  const navigate = useNavigate()
  const action = useAction({
    run: () => rerun(job.workflow.id, { jobs: [job.id], enable_ssh: true }),
    done: `${job.name} runs again, open for SSH`,
    stale: ['pipelines'],
    onDone: (workflowId) => void navigate({ to: '/workflow/$workflowId', params: { workflowId } }),
  })
  return (
    <Dialog title={`Rerun ${job.name} with SSH?`} onClose={onClose}>
      <p>
        Only this job runs again, and stays open for a while at its end. Its step <em>Enable SSH</em> tells how to log
        in. Whoever logs in sees the secrets of the job. These keys of yours open it:
      </p>
      <ul className="waiting">
        {keys.map((key) => (
          <li key={key.id}>
            {key.name} <span className="muted">{key.fingerprint}</span>
          </li>
        ))}
      </ul>
      <footer className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
        <button type="button" className="button primary" disabled={action.isPending} onClick={() => action.mutate()}>
          <Icon name="rerun" /> Rerun with SSH
        </button>
      </footer>
    </Dialog>
  )
}
