import type { Engine } from '@orrery/engine'
import type { Tokens } from './auth/tokens.ts'
import type { BlobStore } from './blobs/blob-store.ts'
import type { UploadStore } from './blobs/upload-store.ts'
import type { EventFeed } from './events/event-feed.ts'
import type { LogStore } from './logs/log-store.ts'
import type { Signer } from './oidc/signer.ts'
import type { Pipelines } from './pipelines/pipelines.ts'
import type { Pushes } from './pipelines/pushes.ts'
import type { Clock, NoSsh } from './settings.ts'
import type { VcsProvider } from './vcs/provider.ts'

/** What the HTTP surfaces are given; none reaches for a global. */
export interface Services {
  engine: Engine
  clock: Clock
  /** Address for people and jobs, without trailing slash. */
  publicUrl: () => string
  tokens: Tokens
  logs: LogStore
  uploads: UploadStore
  blobs: BlobStore
  vcs: VcsProvider
  pipelines: Pipelines
  pushes: Pushes
  events: EventFeed
  /** Folder of the repositories. */
  gitRoot: string
  /** Folder of git's hooks. */
  hooksFolder: string
  webDir: string | null
  leaseS: number
  artifactBytes: number
  noSsh: NoSsh
  signer: Signer
  /** Fires when the server begins to close: long polls and streams end then. */
  closing: AbortSignal
  /** Work that nobody waits for: its failure is logged, and closing waits for it. */
  background: (work: Promise<unknown>) => void
}
