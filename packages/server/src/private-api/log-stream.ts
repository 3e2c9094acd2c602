import type { JobView } from '@orrery/protocol'
import { isEndedJob } from '@orrery/protocol'
import type { EventFeed } from '../events/event-feed.ts'
import { Wake } from '../events/wake.ts'
import { heartbeat, heartbeatMs, message } from '../http/sse.ts'
import type { LogName, LogStore } from '../logs/log-store.ts'
import { wholeCharacters } from './utf8.ts'

const chunkBytes = 64 * 1024
/** Bytes that another server of this installation wrote raise no bell here; this is how late they are seen. */
const pollMs = 1000

export interface LogStreamDeps {
  logs: LogStore
  feed: EventFeed
  job: () => Promise<JobView>
}

/** Chunks of one log from `offset` until its step has ended and everything was sent; then `event: end`. */
export async function* logStream(
  deps: LogStreamDeps,
  jobId: string,
  at: LogName & { task: number },
  offset: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const wake = new Wake()
  const jobChanged = watchJob(deps.feed, jobId)
  const leaveLog = deps.logs.listen(at, wake.ring)
  const leaveFeed = deps.feed.listen(wake.ring)
  let next = offset
  let ended = false
  let silentMs = 0
  try {
    while (!signal.aborted) {
      const bytes = await deps.logs.read(at, next, chunkBytes)
      const length = ended && bytes.length < chunkBytes ? bytes.length : wholeCharacters(bytes)
      if (length > 0) {
        const chunk = { offset: next, next: next + length, text: bytes.toString('utf8', 0, length) }
        next += length
        silentMs = 0
        yield message(chunk, { id: String(next) })
        continue
      }
      if (ended) {
        yield message({ next }, { event: 'end' })
        return
      }
      if (await jobChanged()) {
        ended = hasEnded(await deps.job(), at)
        continue
      }
      if ((await wake.wait(pollMs, signal)) === 'quiet') silentMs += pollMs
      if (silentMs >= heartbeatMs) {
        silentMs = 0
        yield heartbeat
      }
    }
  } finally {
    leaveLog()
    leaveFeed()
  }
}

/** A service container's step ends after its job: the engine closes those that nobody closes. */
function hasEnded(job: JobView, at: { task: number; step: number; attempt: number }): boolean {
  const steps = job.tasks.find((task) => task.index === at.task)?.steps ?? []
  const step = steps.find((one) => one.step === at.step && one.attempt === at.attempt)
  return step === undefined ? isEndedJob(job.status) : step.status !== 'running'
}

/** Answers whether the job may have changed since the last call; a reader of a log asks the database for nothing else. */
function watchJob(feed: EventFeed, jobId: string): () => Promise<boolean> {
  let cursor = feed.head
  let changed = true
  return async () => {
    for (let events = await feed.after(cursor); events.length > 0; events = await feed.after(cursor)) {
      cursor = events.at(-1)?.cursor ?? cursor
      changed ||= events.some((event) => event.jobId === jobId)
    }
    const answer = changed
    changed = false
    return answer
  }
}
