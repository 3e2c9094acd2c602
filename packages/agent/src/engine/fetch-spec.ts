import { readFileSync } from 'node:fs'
import { JobSpec, PlaceInfo } from '@orrery/protocol'
import type { Connection } from '../uplink/connection.ts'
import { taskUplink } from '../uplink/task-uplink.ts'

/** What to do, from the server; waits for a gateway or a server that is not up yet. Rejects with GoneError. */
export async function fetchSpec(connection: Connection): Promise<JobSpec> {
  return await taskUplink(connection, new AbortController().signal).json('GET', '/spec', undefined, JobSpec)
}

/** What the runner says about the place; nothing when it wrote nothing. */
export function readPlaceInfo(path: string): PlaceInfo {
  let text = '{}'
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    // Places that a runner did not make have none.
  }
  return PlaceInfo.parse(JSON.parse(text))
}
