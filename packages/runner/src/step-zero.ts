import { appendFile, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { StepStatus } from '@orrery/protocol'
import { shipLog } from './log-shipper.ts'
import type { RunnerContext, Task } from './task.ts'

/** So long nothing of it is sent, ms: the first step of a job that finds a place ready has the server to itself. */
const firstPauseMs = 40

/** Step 0, "Spin up environment" (spec: execution.md 2.4). Its text is on disk before any of it is sent. */
export interface StepZero {
  log(text: string): void
  /** Sends the rest and reports the end. Does nothing when the task is no longer ours. */
  end(status: StepStatus, hint?: string): Promise<void>
}

export async function startStepZero(context: RunnerContext, task: Task): Promise<StepZero> {
  await task.reporter.report({
    type: 'step.started',
    step: 0,
    attempt: 0,
    name: 'Spin up environment',
    kind: 'infrastructure',
    background: false,
    origin: [],
  })
  const step = writeStepZero(task, context.stopped)
  const { name, version } = context.runner
  const facts = Object.entries(context.facts).map(([key, value]) => `  ${key}: ${value}\n`)
  step.log(`Orrery runner ${name}, version ${version}\n${facts.join('')}`)
  return step
}

/** After an adoption: the place runs, but the runner was killed before it could end step 0. */
export async function finishStepZero(task: Task, stopped: AbortSignal): Promise<void> {
  const events = task.reporter.earlier
  const has = (type: string): boolean =>
    events.some((event) => event.type === type && event.type !== 'task.ended' && event.step === 0)
  if (!has('step.started') || has('step.ended')) return
  const before = await readFile(task.directory.logFile).catch(() => Buffer.alloc(0))
  await writeStepZero(task, stopped, before).end('success')
}

function writeStepZero(task: Task, stopped: AbortSignal, before: Uint8Array = Buffer.alloc(0)): StepZero {
  const chunks: Uint8Array[] = before.length === 0 ? [] : [before]
  let written: Promise<void> = Promise.resolve()
  let ended = false
  let changed = Promise.withResolvers<void>()
  const change = (): void => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  async function* source(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    signal.addEventListener('abort', change, { once: true })
    await delay(firstPauseMs, undefined, { signal }).catch(() => undefined)
    for (let index = 0; !signal.aborted; ) {
      const chunk = chunks[index]
      if (chunk !== undefined) {
        index += 1
        yield chunk
      } else if (ended) return
      else await changed.promise
    }
  }
  const ship = () =>
    shipLog({
      client: task.client,
      step: 0,
      source,
      limit: task.logBytesPerStep,
      signal: AbortSignal.any([stopped, task.abandoned]),
    })
  const shipped = ship()
  task.reporter.resendWith(0, ship)
  return {
    log(text) {
      const bytes = Buffer.from(text)
      written = written.then(async () => {
        // A full disk must not keep the text from being sent; only a runner that is killed then has lost it.
        await appendFile(task.directory.logFile, bytes, { mode: 0o600 }).catch(() => undefined)
        chunks.push(bytes)
        change()
      })
    },
    async end(status, hint) {
      await written
      ended = true
      change()
      const log = await shipped
      if (log === undefined) return
      await task.reporter.report({
        type: 'step.ended',
        step: 0,
        attempt: 0,
        status,
        exitCode: null,
        ...(hint === undefined ? {} : { hint }),
        insignificant: false,
        log,
      })
    },
  }
}
