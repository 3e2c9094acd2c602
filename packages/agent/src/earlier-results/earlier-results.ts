import { createWriteStream } from 'node:fs'
import { chmod, mkdir, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { JobSpec } from '@orrery/protocol'
import type { Uplink } from '../uplink/uplink.ts'

/**
 * Brings the results by which tests are dealt to the nodes to `path` (spec: execution.md 15.3), beside the steps: only
 * the helper waits for it. The file is complete or absent. Answers null when the server has none for this job.
 *
 * Rejects when the server has some and this place cannot get them; every node must deal by the same data, so the
 * helper may not go on without.
 */
export function fetchEarlierResults(spec: JobSpec, uplink: Uplink, path: string): Promise<string | null> {
  const fetched = spec.tests?.earlierResults ? download(uplink, path) : Promise.resolve(null)
  // The helper hears of a failure when it asks; until then it must not end the process unheard.
  fetched.catch(() => undefined)
  return fetched
}

async function download(uplink: Uplink, path: string): Promise<string> {
  const folder = dirname(path)
  await mkdir(folder, { recursive: true })
  const part = `${path}.part`
  await pipeline(uplink.download('/test-results'), createWriteStream(part, { mode: 0o644 }))
  await rename(part, path)
  // Steps may run as several users, whatever the umask of the place.
  await Promise.all([chmod(folder, 0o755), chmod(path, 0o644)])
  return path
}
