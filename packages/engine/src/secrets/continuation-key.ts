import { createHash, randomBytes } from 'node:crypto'
import type { EngineContext } from '../context.ts'
import { secretOwner } from './secret-box.ts'

/** The columns of a pipeline that waits for its continuation: a new key, as its jobs get it and as it is looked up. */
export function continuationKey(ctx: EngineContext, pipelineId: string) {
  const key = randomBytes(32).toString('base64url')
  return {
    continuation_sealed: ctx.secrets.seal(secretOwner.continuation(pipelineId), key),
    continuation_hash: hashOf(key),
  }
}

/** A key as it is looked up. */
export function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}
