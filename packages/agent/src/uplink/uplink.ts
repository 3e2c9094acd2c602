import type { UploadCommit, UploadCommitAnswer, UploadRequest } from '@orrery/protocol'
import type { z } from 'zod'

/**
 * The step kinds' way to the server: the agent API (protocol: agent-api.ts) through the gateway. Broken connections
 * and unwell servers are retried for ever with growing pauses, until the signal of the step fires; a request that meets
 * nothing but 500 for ten minutes counts as refused. Paths are those of the table in agent-api.ts, e.g. `/caches/lookup`.
 */
export interface Uplink {
  /**
   * One JSON request; `body` undefined sends none. The answer is checked by `schema`.
   * @throws UplinkError with the status for every final refusal (4xx, or 500 for too long).
   */
  json<T>(method: 'GET' | 'POST', path: string, body: unknown, schema: z.ZodType<T>): Promise<T>
  /**
   * The bytes of a GET, in order and without gaps: after a broken connection it goes on by `Range`.
   * @throws UplinkError with the status for every final refusal (4xx, or 500 for too long).
   */
  download(path: string, headers?: Record<string, string>): AsyncIterable<Buffer>
  /**
   * Announces, sends and commits a file; size and SHA-256 are computed here unless the caller knows them. Safe to repeat under the same
   * `request.name`: it goes on where the server stopped.
   * @throws UplinkError with the status for every final refusal (4xx, or 500 for too long); FileShrankError (spool/read-fully.ts).
   */
  upload(request: UploadRequest, file: string, commit: CommitFacts): Promise<UploadCommitAnswer>
}

/** `receipt`: size and SHA-256 of the file, when they are known; a large archive is read once less then. */
export type CommitFacts = Omit<UploadCommit, 'size' | 'sha256'> & { receipt?: Pick<UploadCommit, 'size' | 'sha256'> }

/** A final refusal. `status` is the HTTP status, `message` the server's sentence. */
export class UplinkError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'UplinkError'
    this.status = status
  }
}
