import type { LoggedEvent } from '@orrery/engine'
import { OrreryError } from '@orrery/protocol'
import type { EventFeed } from '../events/event-feed.ts'
import { Wake } from '../events/wake.ts'
import { heartbeat, heartbeatMs, message } from '../http/sse.ts'

type Scope = (event: LoggedEvent) => boolean

const scopeShape = /^(pipeline|workflow|job):([0-9a-f-]{36})$/

/** `all`, `pipeline:<id>`, `workflow:<id>` or `job:<id>`; ORY_BAD_REQUEST otherwise. */
export function parseScope(text: string): Scope {
  if (text === 'all') return (event) => event.pipelineId !== null || event.projectId !== null
  const match = scopeShape.exec(text)
  if (!match) throw new OrreryError('ORY_BAD_REQUEST', ['scope is all, pipeline:<id>, workflow:<id> or job:<id>'])
  const [, kind, id] = match
  if (kind === 'pipeline') return (event) => event.pipelineId === id
  if (kind === 'workflow') return (event) => event.workflowId === id
  return (event) => event.jobId === id
}

/**
 * Changes in the scope, from the cursor on. Its first message tells the cursor even when nothing happened, so that a
 * connection that breaks before the first change resumes without a hole.
 */
export async function* changeStream(
  feed: EventFeed,
  scope: Scope,
  lastEventId: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let cursor = lastEventId ?? feed.head
  const wake = new Wake()
  const leave = feed.listen(wake.ring)
  try {
    yield `id: ${cursor}\n: follows from here\n\n`
    while (!signal.aborted) {
      const events = await feed.after(cursor)
      for (const event of events) {
        if (scope(event)) yield message(viewOf(event), { id: event.cursor })
        cursor = event.cursor
      }
      if (events.length > 0) continue
      const next = await wake.wait(heartbeatMs, signal)
      if (next === 'quiet') yield `id: ${cursor}\n${heartbeat}`
    }
  } finally {
    leave()
  }
}

function viewOf(event: LoggedEvent) {
  const { kind, pipelineId, workflowId, jobId, at } = event
  return { kind, pipelineId, workflowId, jobId, at: at.toISOString() }
}
