/** A pipeline for a pull request whose head is in another repository. */
export interface Fork {
  /** Names the fork: `github/their-org/app` or an id of the provider. */
  repository: string
  /** The project passes its secrets to builds of forks. */
  secrets: boolean
}

/** Forks without secrets get no project and context variables (execution.md 9.6). */
export function withholdsSecrets(fork: Fork | null): boolean {
  return fork !== null && !fork.secrets
}

/**
 * Whose caches and layers a pipeline writes within its project: the empty text is the project's own. A fork without secrets
 * has a scope of its own, because whoever writes a cache decides what later builds run (execution.md 11.6).
 */
export function ownScope(fork: Fork | null): string {
  return fork !== null && withholdsSecrets(fork) ? `fork:${fork.repository}` : ''
}

/** Whose caches it reads: its own, and the project's where the project lets forks read them (execution.md 22, A9). */
export function readableScopes(fork: Fork | null, forksReadCaches: boolean): string[] {
  const own = ownScope(fork)
  return own !== '' && forksReadCaches ? [own, ''] : [own]
}
