import type { JobSummary } from '@orrery/protocol'
import { Link } from '@tanstack/react-router'
import { useMemo, useRef, useState } from 'react'
import { boxHeight, boxWidth, layoutGraph, structureKey } from '../graph/layout.ts'
import { directionOf, neighbour, readingOrder, relatives } from '../graph/navigate.ts'
import { statusInfo } from '../status.ts'
import { StatusMark } from './Status.tsx'
import { Duration } from './Time.tsx'

export type GraphProps = {
  workflowId: string
  jobs: readonly JobSummary[]
  onApprove: (job: JobSummary) => void
}

/**
 * The jobs of a workflow from left to right. One job is in the tab order; arrow keys move the focus along the edges, and
 * what is related to the job under the pointer or focus is lit. The layout depends on the structure only, so that
 * nothing jumps while statuses change.
 */
export function WorkflowGraph({ workflowId, jobs, onApprove }: GraphProps) {
  const key = structureKey(jobs)
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for the part of `jobs` that matters here.
  const layout = useMemo(() => layoutGraph(jobs), [key])
  const [focused, setFocused] = useState<string>()
  const [lit, setLit] = useState<string>()
  const root = useRef<HTMLUListElement>(null)
  const byId = new Map(jobs.map((job) => [job.id, job]))
  const related = useMemo(() => (lit === undefined ? null : relatives(layout, lit)), [layout, lit])
  const boxes = readingOrder(layout.boxes)
  const entry = focused !== undefined && byId.has(focused) ? focused : boxes[0]?.id

  function onKeyDown(event: React.KeyboardEvent, id: string): void {
    const direction = directionOf(event.key)
    if (direction === undefined) return
    event.preventDefault()
    const next = neighbour(layout, id, direction)
    root.current?.querySelector<HTMLElement>(`[data-job="${CSS.escape(next)}"]`)?.focus()
  }

  return (
    <div className="graph-scroll">
      <div className="graph" style={{ width: layout.width, height: layout.height }} data-lit={related !== null}>
        <svg width={layout.width} height={layout.height} aria-hidden="true" focusable="false" className="graph-edges">
          {layout.edges.map((edge) => (
            <path
              key={`${edge.from} ${edge.to}`}
              d={edge.path}
              className="edge"
              data-tone={statusInfo(byId.get(edge.from)?.status ?? 'not_run').tone}
              data-on={related?.has(edge.from) === true && related.has(edge.to)}
            />
          ))}
        </svg>
        <ul className="graph-jobs" aria-label="Jobs of this workflow; move with the arrow keys" ref={root}>
          {boxes.map((box) => {
            const job = byId.get(box.id)
            if (job === undefined) return null
            const shared = {
              'data-job': job.id,
              className: 'node',
              tabIndex: job.id === entry ? 0 : -1,
              onKeyDown: (event: React.KeyboardEvent) => onKeyDown(event, job.id),
              onFocus: () => {
                setFocused(job.id)
                setLit(job.id)
              },
              onBlur: () => setLit(undefined),
              onPointerEnter: () => setLit(job.id),
              onPointerLeave: () => setLit(undefined),
            }
            return (
              <li
                key={job.id}
                className="graph-job"
                style={{ left: box.x, top: box.y, width: boxWidth, height: boxHeight }}
                data-tone={statusInfo(job.status).tone}
                data-off={related !== null && !related.has(job.id)}
              >
                {job.type === 'build' ? (
                  <Link to="/workflow/$workflowId/job/$jobId" params={{ workflowId, jobId: job.id }} {...shared}>
                    <NodeContent job={job} />
                  </Link>
                ) : (
                  <button
                    type="button"
                    {...shared}
                    // Not `disabled`: the arrow keys must be able to pass over it.
                    aria-disabled={!canApprove(job)}
                    onClick={() => onApprove(job)}
                  >
                    <NodeContent job={job} />
                  </button>
                )}
              </li>
            )
          })}
        </ul>
      </div>
    </div>
  )
}

/** True for an approval that waits for someone. */
export function canApprove(job: JobSummary): job is JobSummary & { approvalRequestId: string } {
  return job.type === 'approval' && job.status === 'on_hold' && job.approvalRequestId !== null
}

function NodeContent({ job }: { job: JobSummary }) {
  return (
    <>
      <StatusMark status={job.status} />
      <span className="node-name ellipsis" title={job.reason === null ? job.name : `${job.name}: ${job.reason}`}>
        {job.name}
      </span>
      {job.parallelism > 1 && (
        <span className="tag num" title={`${job.parallelism} nodes`}>{`×${job.parallelism}`}</span>
      )}
      {canApprove(job) ? (
        <span className="node-approve">Approve</span>
      ) : (
        <Duration from={job.startedAt} to={job.stoppedAt} />
      )}
    </>
  )
}
