import { connect } from 'node:net'
import { join } from 'node:path'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { rehearse } from './rehearse.ts'
import { runTask } from './run-task.ts'

/** Waits in a place that was made ahead (protocol: place.ts) until its task is there, then runs it. */
export async function waitForTask(root: string): Promise<ExitCode> {
  await rehearse(root)
  return (await taskCame(join(root, 'wait.sock'))) ? await runTask(root) : exitCodes.done
}

/** False when the runner closed the connection or died. */
function taskCame(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
    socket.on('close', () => resolve(false))
  })
}
