import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { taskData } from './ask-agent.ts'

/**
 * A new folder of our own. The task's data first: it exists in images without `/tmp` and goes away with the task. A
 * container that a step starts may have the variable without the folder.
 */
export async function scratchFolder(prefix: string): Promise<string> {
  const data = taskData()
  const inData = data === undefined ? undefined : await mkdtemp(join(data, prefix)).catch(() => undefined)
  return inData ?? (await mkdtemp(join(tmpdir(), prefix)))
}
