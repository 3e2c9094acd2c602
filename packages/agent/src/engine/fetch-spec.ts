import { readFileSync } from 'node:fs'
import { JobSpec, PlaceInfo } from '@orrery/protocol'
import { type Connection, parseReply, type Reply } from '../uplink/connection.ts'
import { taskUplink } from '../uplink/task-uplink.ts'

/**
 * What to do, from the server; waits for a gateway or a server that is not up yet. Rejects with GoneError. `answer`: to
 * the same question, asked before; it is asked again when that was none.
 */
export async function fetchSpec(connection: Connection, answer?: Reply): Promise<JobSpec> {
  if (answer?.status === 200) return JobSpec.parse(parseReply(answer))
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
