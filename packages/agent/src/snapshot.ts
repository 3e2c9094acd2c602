/**
 * The agent as a snapshot: Node runs this file once, when the runtime is laid out, and writes its heap to a file; a place
 * starts from that file with everything loaded. It knows the commands of a place only, `run` and `wait` (main.ts).
 */
import { startupSnapshot } from 'node:v8'
import { exitCodes } from './engine/exit-codes.ts'
import { runTask } from './engine/run-task.ts'
import { waitForTask } from './engine/wait-for-task.ts'
import { endOnFaults } from './faults.ts'

const commands = new Map([
  ['run', runTask],
  ['wait', waitForTask],
])

startupSnapshot.setDeserializeMainFunction(() => {
  endOnFaults()
  const [command = '', root = ''] = process.argv.slice(2)
  const work = commands.get(command)?.(root) ?? Promise.resolve(exitCodes.fault)
  void work.then((code) => process.exit(code))
})
