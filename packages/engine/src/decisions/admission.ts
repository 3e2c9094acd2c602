import { type JobType, OrreryError } from '@orrery/protocol'
import { findClass } from '../job-spec/resource-classes.ts'
import type { Refusal } from './states.ts'

/** The language sets no bound, but each task is a row and a place. */
export const maxParallelism = 1000

/**
 * May a job start once its requirements are met? An unknown resource class rejects it (execution.md 2.1); a context
 * that does not exist leaves it unauthorized, never with empty variables (execution.md 9.2).
 */
export function refusalOf(
  job: {
    type: JobType
    executor: string
    resourceClass: string
    parallelism: number
    contexts: readonly string[]
    unavailable?: string | null
  },
  knownContexts: ReadonlySet<string>,
): Refusal | undefined {
  if (job.type !== 'build') return undefined
  const missing = job.contexts.filter((name) => !knownContexts.has(name))
  if (missing.length > 0) {
    const names = missing.map((name) => `"${name}"`).join(', ')
    return { status: 'unauthorized', reason: `This job may not use context ${names}: no such context` }
  }
  if (job.parallelism > maxParallelism) {
    const reason = `This job was rejected because its parallelism of ${job.parallelism} is above ${maxParallelism}`
    return { status: 'failed', reason }
  }
  if (job.unavailable) return { status: 'failed', reason: job.unavailable }
  if (findClass(job.executor, job.resourceClass)) return undefined
  return { status: 'failed', reason: new OrreryError('ORY_RESOURCE_CLASS', [job.resourceClass]).message }
}
