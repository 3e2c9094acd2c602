import { z } from 'zod'
import type { Orrery } from '../../e2e/kit/orrery.ts'
import { readEventStream } from '../../packages/cli/src/client/sse.ts'

const Change = z.object({ kind: z.string(), jobId: z.string().nullable(), at: z.string() })

/** When the server handed out each job, by its own event log. */
export interface ClaimWatch {
  /** Milliseconds since 1970 at which the transaction of the job's claim began. */
  of(jobId: string): number
  stop(): void
}

/** Follows the server's event stream from now on. */
export async function watchClaims(orrery: Orrery): Promise<ClaimWatch> {
  const claims = new Map<string, number>()
  const over = new AbortController()
  const response = await fetch(`${orrery.url}/api/private/stream?scope=all`, {
    headers: { authorization: `Bearer ${await orrery.token()}` },
    signal: over.signal,
  })
  if (!response.ok || !response.body) throw new Error(`the event stream answered ${response.status}`)
  const body = response.body
  const follow = async (): Promise<void> => {
    for await (const { data } of readEventStream(body)) {
      const change = Change.parse(JSON.parse(data))
      if (change.kind === 'task.claimed' && change.jobId) claims.set(change.jobId, Date.parse(change.at))
    }
  }
  follow().catch(() => undefined)
  return {
    of(jobId) {
      const at = claims.get(jobId)
      if (at === undefined) throw new Error('the event stream did not tell of the claim')
      return at
    },
    stop: () => over.abort(),
  }
}
