import { setTimeout as delay } from 'node:timers/promises'
import type { Step, StepWhen } from '@orrery/protocol'
import { StopReason } from '../process/stop-reason.ts'
import type { StepResult } from '../steps/step.ts'
import { type Attempt, runAttempt } from './attempt.ts'
import type { Task } from './task.ts'

/** Number of the first configured step; 0 and 1 are infrastructure, service containers take the numbers between. */
export const firstStep = 101
/** Time background steps have to obey SIGTERM when the others are over, ms. */
const backgroundGraceMs = 2_000

/**
 * The step engine (spec: execution.md 10.1): runs the configured steps in order and answers whether all that count
 * succeeded. Background steps run beside the others and are stopped when those are over.
 */
export async function runSteps(task: Task): Promise<'success' | 'failed'> {
  const over = new AbortController()
  const background: Promise<unknown>[] = []
  let failed = false
  try {
    for (const [index, step] of task.spec.steps.entries()) {
      if (task.signal.aborted || task.halted) break
      if (!applies(whenOf(step), failed)) continue
      const number = firstStep + index
      if (step.kind === 'run' && step.background) {
        const signal = AbortSignal.any([task.signal, over.signal])
        const running = runAttempt(task, { step, number, attempt: 0, signal })
        // It is awaited below; until then a fault of it must not end the process unheard.
        running.catch(() => undefined)
        background.push(running)
        continue
      }
      const result = await runWithReruns(task, step, number)
      if (result.status !== 'success') failed = true
    }
  } finally {
    over.abort(new StopReason('canceled', backgroundGraceMs, ''))
    await Promise.all(background)
  }
  return failed ? 'failed' : 'success'
}

/** An explicit `when` replaces the kind's own default. */
function whenOf(step: Step): StepWhen {
  if (step.when !== undefined) return step.when
  return step.kind === 'store_artifacts' || step.kind === 'store_test_results' ? 'always' : 'on_success'
}

function applies(when: StepWhen, failed: boolean): boolean {
  return when === 'always' || (when === 'on_fail') === failed
}

/** Automatic reruns (10.5): the step's result is that of its last attempt. A halt or a stop ends the series. */
async function runWithReruns(task: Task, step: Step, number: number): Promise<StepResult> {
  const reruns = step.kind === 'run' ? (step.maxAutoReruns ?? 0) : 0
  const pauseS = step.kind === 'run' ? (step.autoRerunDelayS ?? 0) : 0
  for (let attempt = 0; ; attempt++) {
    const one: Attempt = { step, number, attempt, signal: task.signal }
    const result = await runAttempt(task, one)
    if (result.status === 'success' || attempt >= reruns || task.halted || task.signal.aborted) return result
    await delay(pauseS * 1000, undefined, { signal: task.signal }).catch(() => undefined)
    if (task.signal.aborted) return result
  }
}
