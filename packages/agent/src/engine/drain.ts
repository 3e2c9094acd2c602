import { lstat } from 'node:fs/promises'
import type { TaskEvent } from '@orrery/protocol'
import { EventFile } from '../spool/event-file.ts'
import { logPath, type TaskPaths, taskPaths } from '../spool/layout.ts'
import { LeftLog } from '../spool/left-log.ts'
import { Connection } from '../uplink/connection.ts'
import { GoneError } from '../uplink/retry.ts'
import { Sender } from '../uplink/sender.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'

/** How a task ends whose agent died: by the job's own fault, or not. */
type Outcome = 'failed' | 'infrastructure_fail'

/**
 * Ends the task of a dead agent, on the host: sends what the spool still holds, closes running steps, ends the task, both
 * as `outcome`. What it adds goes to the spool first, so it may be killed and started again at any moment.
 *
 * The place must be dead. Its task directory is a stranger's work: links in it are not followed.
 */
export async function drainTask(root: string, reason: string, outcome: Outcome): Promise<ExitCode> {
  const paths = taskPaths(root)
  const connection = new Connection(paths.gateway)
  try {
    const spool = await lstat(paths.spool).catch(() => undefined)
    // The agent never came so far as to make it; the runner ends the task.
    if (spool === undefined) throw new Error('there is no spool')
    if (!spool.isDirectory()) throw new Error(`${paths.spool} is not a directory`)
    await drain(paths, connection, reason, outcome)
    return exitCodes.done
  } catch (error) {
    if (error instanceof GoneError) return exitCodes.gone
    process.stderr.write(`agent: ${error instanceof Error ? error.message : String(error)}\n`)
    return exitCodes.fault
  }
}

async function drain(paths: TaskPaths, connection: Connection, reason: string, outcome: Outcome): Promise<void> {
  const { file, events } = EventFile.recover(paths.events)
  const sender = new Sender(paths, file, connection)
  const acked = await sender.acknowledged()
  file.skipTo(acked)
  const left = events.filter((event) => event.seq > acked)
  if (left.length === 0 && events.some((event) => event.type === 'task.ended')) return

  for (const event of left) {
    if (event.type !== 'step.ended') continue
    const { step, attempt, log } = event
    sender.addLog(await LeftLog.open(logPath(paths, step, attempt), step, attempt, log.bytes), false)
  }
  sender.resend(left)
  for (const { step, attempt } of runningSteps(events)) {
    const log = await LeftLog.open(logPath(paths, step, attempt), step, attempt)
    sender.addLog(log, false)
    const receipt = await log.receipt()
    sender.report({
      type: 'step.ended',
      step,
      attempt,
      status: outcome,
      exitCode: null,
      hint: reason,
      insignificant: false,
      log: receipt,
    })
  }
  if (!events.some((event) => event.type === 'task.ended')) {
    sender.report({ type: 'task.ended', outcome, reason })
  }
  await sender.done
}

function runningSteps(events: readonly TaskEvent[]): { step: number; attempt: number }[] {
  const running = new Map<string, { step: number; attempt: number }>()
  for (const event of events) {
    if (event.type === 'task.ended') continue
    const { step, attempt } = event
    if (event.type === 'step.started') running.set(`${step}-${attempt}`, { step, attempt })
    else running.delete(`${step}-${attempt}`)
  }
  return [...running.values()]
}
