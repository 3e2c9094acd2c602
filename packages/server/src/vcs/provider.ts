import type { Readable } from 'node:stream'

/** Which project of a provider: enough to find its repository. */
export interface RepositoryRef {
  slug: string
}

export interface CommitInfo {
  revision: string
  subject: string
  body: string
  author: string
}

/**
 * What pipelines need from the place where a repository lives. Every provider has a folder of the same shape with one of
 * these. Revisions are full commit ids; all calls are reads and safe to repeat.
 */
export interface VcsProvider {
  /** As in the pipeline value `pipeline.project.type`. */
  readonly type: string
  /** Address of the repository for people. */
  repositoryUrl(project: RepositoryRef): string
  /** The commit a branch or tag points to (tags peeled); null when there is none. */
  resolve(project: RepositoryRef, ref: { branch: string } | { tag: string }): Promise<string | null>
  /** Takes a tag object too, for its commit. ORY_NOT_FOUND when the project has no such commit. */
  commitInfo(project: RepositoryRef, revision: string): Promise<CommitInfo>
  /** Null when the file does not exist there; ORY_TOO_LARGE above `maxBytes`. */
  readFile(project: RepositoryRef, revision: string, path: string, maxBytes: number): Promise<Buffer | null>
  /** Tar of the commit's tree; the caller destroys the stream or reads it to its end. */
  archive(project: RepositoryRef, revision: string): Readable
}
