import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Gateway } from './gateway.ts'
import { keepLease } from './renew-loop.ts'
import type { RunnerContext, Task } from './task.ts'
import { removeTraps } from './task-directory.ts'

/** Pauses before the second and third try of a drain that broke, ms. */
const pausesMs = [1_000, 5_000]

/** Why a place died before its job was over. */
export interface Death {
  /** In a sentence. */
  reason: string
  /** `failed`: the job itself is to blame. */
  outcome: 'failed' | 'infrastructure_fail'
}

/**
 * Sends what a dead agent left in its spool, by the agent's own `drain` on the host (see place.ts of the protocol).
 * The place must be dead: nothing may write there meanwhile. `failed`: the runner has to end the task itself.
 */
export async function drainTask(
  context: RunnerContext,
  task: Task,
  gateway: Gateway,
  death?: Death,
): Promise<'done' | 'gone' | 'failed'> {
  const lease = keepLease(task.client, task.leaseS, AbortSignal.any([context.stopped, task.abandoned]))
  try {
    try {
      await removeTraps(context.driver, task.directory)
    } catch (error) {
      context.log('a spool cannot be read safely', 'warn', { taskId: task.held.taskId, error: String(error) })
      return 'failed'
    }
    for (let attempt = 0; ; attempt++) {
      const code = await runDrain(context, task, gateway, death)
      if (code === 0) return 'done'
      if (code === 75 || lease.loss() === 'gone') return 'gone'
      const pause = pausesMs[attempt]
      if (pause === undefined || context.stopped.aborted) return 'failed'
      await delay(pause)
    }
  } finally {
    lease.stop()
  }
}

async function runDrain(
  context: RunnerContext,
  task: Task,
  gateway: Gateway,
  death: Death | undefined,
): Promise<number | null> {
  const agent = join(context.settings.runtimeDir, 'agent.mjs')
  const why = death === undefined ? [] : ['--reason', death.reason, ...(death.outcome === 'failed' ? ['--failed'] : [])]
  const child = spawn(process.execPath, [agent, 'drain', await gateway.hostDirectory(), ...why], {
    cwd: task.directory.path,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    stdio: ['ignore', 'ignore', 'pipe'],
    signal: AbortSignal.any([context.stopped, task.abandoned]),
    killSignal: 'SIGKILL',
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2_000)
  })
  child.on('error', (error) => {
    said ||= error.message
  })
  const [code]: (number | null)[] = await once(child, 'close').catch(() => [null])
  if (code !== 0 && code !== 75) {
    context.log('draining the spool failed', 'warn', { taskId: task.held.taskId, exitCode: code, stderr: said })
  }
  return code ?? null
}
