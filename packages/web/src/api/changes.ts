import type { ChangeEvent } from '@orrery/protocol'

/** The beginning of a query key: everything below it is stale. */
export type StaleKey = readonly string[]

/**
 * Which queries a change makes stale. An id that the event lacks means "could be any": a page is fetched once too often
 * rather than shown wrong.
 */
export function staleKeys(change: ChangeEvent): StaleKey[] {
  if (change.pipelineId === null && change.workflowId === null && change.jobId === null) {
    return [['projects'], ['pipelines']]
  }
  const keys: StaleKey[] = [['pipelines'], ['pipeline']]
  if (change.workflowId !== null) keys.push(['workflow', change.workflowId])
  else if (change.jobId !== null) keys.push(['workflow'])
  if (change.jobId !== null) keys.push(['job', change.jobId])
  return keys
}

/** Reads the data of one message; null for what is no change (a proxy's noise, a newer server's idea). */
export function parseChange(data: string): ChangeEvent | null {
  try {
    const value: unknown = JSON.parse(data)
    if (typeof value !== 'object' || value === null || !('kind' in value)) return null
    const change = value as Partial<ChangeEvent>
    return {
      kind: String(change.kind),
      pipelineId: change.pipelineId ?? null,
      workflowId: change.workflowId ?? null,
      jobId: change.jobId ?? null,
      at: change.at ?? '',
    }
  } catch {
    return null
  }
}

const quietMs = 200
const patienceMs = 1000

/**
 * Gathers stale keys and hands them over together: `quietMs` after the last change, and at the latest `patienceMs` after
 * the first, so that a busy installation costs every open page one fetch per second and not one per event.
 */
export class ChangeCollector {
  readonly #flush: (keys: StaleKey[]) => void
  readonly #waiting = new Map<string, StaleKey>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #since = 0

  constructor(flush: (keys: StaleKey[]) => void) {
    this.#flush = flush
  }

  push(change: ChangeEvent): void {
    if (this.#waiting.size === 0) this.#since = Date.now()
    for (const key of staleKeys(change)) this.#waiting.set(key.join('\n'), key)
    clearTimeout(this.#timer)
    const left = this.#since + patienceMs - Date.now()
    this.#timer = setTimeout(() => this.#deliver(), Math.max(0, Math.min(quietMs, left)))
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#waiting.clear()
  }

  #deliver(): void {
    const keys = [...this.#waiting.values()]
    this.#waiting.clear()
    this.#flush(keys)
  }
}
