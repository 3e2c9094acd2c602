/**
 * `agent.mjs run <taskDir>`: runs the task of a place. `agent.mjs wait <taskDir>`: the same, once there is a task.
 * `agent.mjs drain <taskDir> [--reason TEXT] [--failed]`: on the host, ends the task of an agent that died; `--failed` when
 * the job itself is to blame. The contract is protocol's place.ts.
 */
import { parseArgs } from 'node:util'
import { exitCodes } from './engine/exit-codes.ts'
import { endOnFaults } from './faults.ts'

const defaultReason = 'The place of the job ended unexpectedly.'

async function main(args: readonly string[]): Promise<number> {
  const [command, root] = args
  if (command === 'run' && root !== undefined) {
    const { runTask } = await import('./engine/run-task.ts')
    return await runTask(root)
  }
  if (command === 'wait' && root !== undefined) {
    const { waitForTask } = await import('./engine/wait-for-task.ts')
    return await waitForTask(root)
  }
  if (command === 'drain' && root !== undefined) {
    const { drainTask } = await import('./engine/drain.ts')
    const options = { reason: { type: 'string', default: defaultReason }, failed: { type: 'boolean' } } as const
    const { reason, failed } = parseArgs({ args: args.slice(2), options }).values
    return await drainTask(root, reason, failed === true ? 'failed' : 'infrastructure_fail')
  }
  process.stderr.write(
    'usage: agent.mjs run <task directory>\n       agent.mjs wait <task directory>\n       agent.mjs drain <task directory> [--reason TEXT] [--failed]\n',
  )
  return exitCodes.fault
}

endOnFaults()
process.exit(await main(process.argv.slice(2)))
