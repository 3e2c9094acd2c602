import { type Fork, ownScope } from './trust.ts'

/** Where a pipeline comes from, as far as it decides whose impact data it reads and writes. */
export interface ImpactSource {
  fork: Fork | null
  branch: string | null
  tag: string | null
  defaultBranch: string
}

/** A fork's branch of the same name is another branch, whatever the project trusts the fork with. */
export function isDefaultBranch({ fork, branch, defaultBranch }: ImpactSource): boolean {
  return fork === null && branch === defaultBranch
}

/**
 * Whose impact data a pipeline writes (execution.md 16.4). Data decides which tests do not run, so what the default
 * branch wrote, the empty text, is written by nobody else: neither by a fork nor by a branch that tries something out.
 */
export function impactScope(source: ImpactSource): string {
  const { fork, branch, tag } = source
  if (isDefaultBranch(source)) return ''
  if (fork !== null) return `fork:${fork.repository}`
  return branch === null ? `tag:${tag ?? ''}` : `branch:${branch}`
}

/** Whose data it reads: its own, and that of the default branch; a fork as it reads caches (trust.ts). */
export function readableImpactScopes(source: ImpactSource, forksReadCaches: boolean): string[] {
  const own = impactScope(source)
  if (own === '') return ['']
  return ownScope(source.fork) === '' || forksReadCaches ? [own, ''] : [own]
}
