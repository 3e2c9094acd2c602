import type { RefUpdate } from '../git/push-channel.ts'
import type { CommitInfo } from '../vcs/provider.ts'
import { asksToSkip } from './skip-ci.ts'

export type GitRef = { branch: string } | { tag: string }

/** One changed ref of a push on its way to a pipeline. */
export interface Candidate {
  update: RefUpdate
  /** Null for refs that are neither branch nor tag. */
  ref: GitRef | null
  /** Null when the ref is gone or names no commit. */
  commit: CommitInfo | null
}

/**
 * What may keep a push from becoming a pipeline, in the order of platform.md 3.7 (2 to 5). Each check answers with the
 * reason for people, or null to go on. Steps 6 to 10 follow in pipelines.ts.
 */
const checks: readonly ((candidate: Candidate) => string | null)[] = [
  ({ update }) => (isZero(update.after) ? `${update.ref} was deleted` : null),
  ({ ref, update }) => (ref ? null : `${update.ref} is neither a branch nor a tag`),
  ({ commit, update }) => (commit ? null : `${update.ref} does not point to a commit`),
  ({ commit }) => (commit && asksToSkip(commit) ? 'the commit message asks to skip it' : null),
]

/** The first reason against a pipeline, or null. */
export function reasonToDrop(candidate: Candidate): string | null {
  for (const check of checks) {
    const reason = check(candidate)
    if (reason !== null) return reason
  }
  return null
}

export function isZero(objectId: string): boolean {
  return /^0+$/.test(objectId)
}

export function parseRef(ref: string): GitRef | null {
  if (ref.startsWith('refs/heads/')) return { branch: ref.slice('refs/heads/'.length) }
  if (ref.startsWith('refs/tags/')) return { tag: ref.slice('refs/tags/'.length) }
  return null
}
