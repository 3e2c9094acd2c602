import { execFile } from 'node:child_process'
import { chmod, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** What the agent's snapshot is made from, and the snapshot; both in a runtime's directory. */
export const snapshotSource = 'agent.cjs'
export const snapshotFile = 'agent.blob'

/** It takes a third of a second; a machine that needs this long has other troubles. ms. */
const patienceMs = 60_000

/**
 * Writes the agent's heap as it is when everything is loaded, with the runtime's own Node, so that a place starts from it
 * (place.ts of the protocol). Without it the agent loads its modules as ever, so a failure leaves none and is no more
 * than that; the driver tells the operator.
 */
export async function makeSnapshot(runtime: string): Promise<void> {
  const rt = join(runtime, 'rt')
  const snapshot = join(runtime, snapshotFile)
  const node = ['--library-path', rt, join(rt, 'node'), '--snapshot-blob', snapshot]
  try {
    // An environment of its own: what is set here must not be in places.
    const options = { cwd: runtime, env: {}, timeout: patienceMs }
    await promisify(execFile)(join(rt, 'ld.so'), [...node, '--build-snapshot', join(runtime, snapshotSource)], options)
    await chmod(snapshot, 0o555)
  } catch {
    await rm(snapshot, { force: true })
  }
}
