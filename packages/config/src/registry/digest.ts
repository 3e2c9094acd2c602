import { createHash } from 'node:crypto'

/** The digest of an orb's text as the lock file keeps it. */
export function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}
