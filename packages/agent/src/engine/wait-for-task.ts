import { taskPaths } from '../spool/layout.ts'
import { Connection } from '../uplink/connection.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { rehearse } from './rehearse.ts'
import { makeDirectories, runTask } from './run-task.ts'

/**
 * Waits in a place that was made ahead (protocol: place.ts) until its task is there, then runs it. The task is asked for
 * now; a connection that ends without an answer means that nobody needs the place, or that the runner died.
 */
export async function waitForTask(root: string): Promise<ExitCode> {
  await rehearse(root)
  const paths = taskPaths(root)
  makeDirectories(paths)
  const connection = new Connection(paths.gateway)
  const answer = await connection.send({ method: 'GET', path: '/spec', idleMs: 0 }).catch(() => undefined)
  return answer === undefined ? exitCodes.done : await runTask(root, { connection, answer })
}
