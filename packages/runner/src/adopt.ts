import { join } from 'node:path'
import type { HelloAnswer } from '@orrery/protocol'
import { createBackoff } from './backoff.ts'
import type { RunningTasks } from './claim-loop.ts'
import type { Place } from './drivers/driver.ts'
import { type Gateway, openGateway } from './gateway.ts'
import { openSshDoor } from './ssh-door.ts'
import { finishStepZero } from './step-zero.ts'
import type { RunnerContext, Task } from './task.ts'
import {
  listTaskDirectories,
  readClaim,
  removeTaskDirectory,
  type StoredClaim,
  taskDirectory,
} from './task-directory.ts'
import { cleanUp, drainOrEnd, leave, superviseTask } from './task-lifecycle.ts'
import { createReporter } from './task-reporter.ts'

type HeldTask = HelloAnswer['running'][number]

/** Used until the server's first answer to a renewal says better, seconds. */
const assumedLeaseS = 60

/**
 * What a starting runner does before it claims: compares what the server believes it holds with the places and
 * directories that outlived its last life.
 *
 * | server says | place | directory of this claim | then |
 * |---|---|---|---|
 * | held | yes | yes | goes on, with a new gateway and the fresh token |
 * | held, started | no | yes | spool is drained, task ended |
 * | held, started | any | no | task ended as `infrastructure_fail` |
 * | held, not started | not both | | given back |
 * | not held | any | any | removed |
 */
export async function adoptTasks(context: RunnerContext, running: RunningTasks): Promise<void> {
  const held = (await greet(context)).running
  const places = new Map((await context.driver.adopt()).map((place) => [place.taskId, place]))
  const kept = new Set<string>()
  for (const task of held) {
    const place = places.get(task.taskId)
    const claim = await readClaim(taskDirectory(context.settings.dataDir, task.taskId))
    const known = claim?.epoch === task.epoch ? claim : undefined
    if (known !== undefined && (place !== undefined || task.started)) {
      kept.add(task.taskId)
      running.add(task, (abandoned) => resume(context, task, known, place, abandoned))
    } else if (task.started) {
      running.add(task, () => endLost(context, task))
    } else {
      await context.server.release(task, 'the runner was restarted').catch((error: unknown) => {
        context.log('a task could not be given back', 'warn', { taskId: task.taskId, reason: String(error) })
      })
    }
  }
  // Of a task without a place the driver may still hold the rest: a network, a cgroup.
  await context.driver.sweep(new Set([...kept].filter((taskId) => places.has(taskId))))
  for (const taskId of await listTaskDirectories(context.settings.dataDir)) {
    if (!kept.has(taskId)) await removeTaskDirectory(context.driver, taskDirectory(context.settings.dataDir, taskId))
  }
}

/** Without the server nothing can be decided, so this waits for it. */
async function greet(context: RunnerContext): Promise<HelloAnswer> {
  const backoff = createBackoff()
  for (;;) {
    try {
      return await context.server.hello(context.stopped)
    } catch (error) {
      context.stopped.throwIfAborted()
      context.log('the server does not greet', 'warn', {
        error: error instanceof Error ? error.message : String(error),
      })
      await backoff.pause(context.stopped)
    }
  }
}

async function resume(
  context: RunnerContext,
  held: HeldTask,
  known: StoredClaim,
  place: Place | undefined,
  abandoned: AbortSignal,
): Promise<void> {
  const task = await openTask(context, held, known.logBytesPerStep, abandoned)
  const gateway = await reopenGateway(context, held, task, known.sshPort)
  context.log('a task was adopted', 'info', { taskId: held.taskId, place: place !== undefined })
  await finishStepZero(task, context.stopped)
  try {
    if (place !== undefined) return await superviseTask(context, task, place, gateway)
    const isTold = await drainOrEnd(context, task, gateway)
    await (isTold ? cleanUp(context, task, gateway) : leave(task, gateway))
  } finally {
    await gateway.close()
  }
}

/** The directory is gone and with it everything the agent had not sent. */
async function endLost(context: RunnerContext, held: HeldTask): Promise<void> {
  const { dataDir } = context.settings
  const client = context.server.task(held)
  const file = join(dataDir, `lost-${held.taskId}.ndjson`)
  const reporter = await createReporter(client, file, context.stopped, true)
  const reason = 'the runner lost the place of this task'
  await reporter.report({ type: 'task.ended', outcome: 'infrastructure_fail', reason })
  await reporter.flushed()
  await removeTaskDirectory(context.driver, { ...taskDirectory(dataDir, held.taskId), path: file })
}

async function openTask(
  context: RunnerContext,
  held: HeldTask,
  logBytesPerStep: number,
  abandoned: AbortSignal,
): Promise<Task> {
  const directory = taskDirectory(context.settings.dataDir, held.taskId)
  const client = context.server.task(held)
  const reporter = await createReporter(client, directory.eventsFile, context.stopped, true)
  return {
    held,
    directory,
    client,
    reporter,
    leaseS: assumedLeaseS,
    logBytesPerStep,
    maskValues: held.maskValues,
    stepZeroEnded: Promise.resolve(),
    abandoned,
  }
}

async function reopenGateway(
  context: RunnerContext,
  held: HeldTask,
  task: Task,
  sshPort: number | undefined,
): Promise<Gateway> {
  return await openGateway({
    socketPath: join(task.directory.mount, 'gateway.sock'),
    serverUrl: context.settings.serverUrl,
    taskId: held.taskId,
    taskToken: held.taskToken,
    archives: context.archives,
    sshDoor: sshPort === undefined ? undefined : await openSshDoor(context.settings.ssh, sshPort),
  })
}
