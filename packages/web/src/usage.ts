import type { TaskView } from '@orrery/protocol'

/** What a job cost, over its nodes. Null where it is not known. */
export interface JobUsage {
  /** How long the node that waited longest waited for a runner, ms. */
  waitedMs: number | null
  /** Processor time of all nodes, ms. */
  cpuMs: number | null
  /** Most memory of one node, bytes. */
  memoryBytes: number | null
}

export function jobUsage(tasks: readonly TaskView[]): JobUsage {
  const waits = tasks.flatMap(({ runnableAt, startedAt }) =>
    startedAt === null ? [] : Math.max(0, Date.parse(startedAt) - Date.parse(runnableAt)),
  )
  const used = tasks.flatMap(({ usage }) => usage ?? [])
  return {
    waitedMs: most(waits),
    cpuMs: used.length === 0 ? null : used.reduce((sum, { cpuS }) => sum + cpuS * 1000, 0),
    memoryBytes: most(used.map(({ memoryMaxBytes }) => memoryMaxBytes)),
  }
}

function most(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values)
}
