import { suggest } from '@orrery/config'
import { OrreryError } from '@orrery/protocol'

/** The error for a job that a config does not have, with names near it. */
export function noSuchJob(job: string, known: readonly string[]): OrreryError {
  const near = suggest(job, known)
  const list = near.length > 0 ? near : known.slice(0, 10)
  const more = near.length === 0 && known.length > list.length ? ` and ${known.length - list.length} more` : ''
  const has =
    near.length > 0 ? `did you mean ${list.join(' or ')}?` : `the config has ${list.join(', ') || 'none'}${more}`
  return new OrreryError('ORY_JOB', [job, has])
}
