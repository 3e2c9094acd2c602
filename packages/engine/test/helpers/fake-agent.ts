import { createHash, randomUUID } from 'node:crypto'
import type { EventBatch, LogReceipt, StepStatus, TaskEvent, TaskEventBody, TaskOutcome } from '@orrery/protocol'
import type { ClaimedTask, Engine, TaskLease } from '../../src/index.ts'

export const receipt: LogReceipt = { bytes: 0, lines: 0, sha256: createHash('sha256').digest('hex') }

export interface FakeAgent {
  readonly claimed: ClaimedTask
  readonly lease: TaskLease
  /** Sends the next events in one batch. */
  say(...bodies: TaskEventBody[]): Promise<number>
  startStep(step?: number): Promise<number>
  /** One step with the fitting status, then the end. */
  finish(outcome?: TaskOutcome): Promise<void>
}

export function runnerNamed(name: string, executors = ['docker']) {
  return { id: randomUUID() as string, name, executors }
}

/** Claims the next task at once; throws when there is none. */
export async function claim(engine: Engine, runner = runnerNamed('r1')): Promise<FakeAgent> {
  const claimed = await engine.claimTask(runner, { waitMs: 0 })
  if (!claimed) throw new Error('nothing to claim')
  return agentOf(engine, claimed)
}

export function agentOf(engine: Engine, claimed: ClaimedTask, source: EventBatch['source'] = 'agent'): FakeAgent {
  const lease = { taskId: claimed.spec.taskId, epoch: claimed.epoch }
  let seq = 0
  const say = (...bodies: TaskEventBody[]): Promise<number> => {
    const events = bodies.map((body): TaskEvent => ({ ...body, seq: ++seq, at: new Date().toISOString() }))
    return engine.recordEvents(lease, { source, events }, async () => undefined)
  }
  return {
    claimed,
    lease,
    say,
    startStep: (step = 101) => say(stepStarted(step)),
    async finish(outcome = 'success') {
      await say(stepStarted(900), stepEnded(900, outcome), { type: 'task.ended', outcome })
    },
  }
}

export function stepStarted(step: number, name = `Step ${step}`): TaskEventBody {
  return { type: 'step.started', step, attempt: 0, name, kind: 'run', command: 'true', background: false, origin: [] }
}

export function stepEnded(step: number, status: StepStatus, hint?: string): TaskEventBody {
  const exitCode = status === 'success' ? 0 : 1
  return {
    type: 'step.ended',
    step,
    attempt: 0,
    status,
    exitCode,
    insignificant: false,
    log: receipt,
    ...(hint === undefined ? {} : { hint }),
  }
}

/** Claims and finishes tasks until none is left; answers job names in the order of their claims. */
export async function runAll(engine: Engine, outcomes: Record<string, TaskOutcome> = {}): Promise<string[]> {
  const names: string[] = []
  for (;;) {
    const claimed = await engine.claimTask(runnerNamed('r1'), { waitMs: 0 })
    if (!claimed) return names
    names.push(claimed.spec.jobName)
    await agentOf(engine, claimed).finish(outcomes[claimed.spec.jobName] ?? 'success')
  }
}
